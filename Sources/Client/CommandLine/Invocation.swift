/// A command with the options that every command has.
struct Invocation<Root: Command>: Sendable {
    var command = Root()
    var common = CommonOptions()

    static var options: [CommandOption<Invocation<Root>>] {
        Root.options.map { $0.within(\.command) } + CommonOptions.options.map { $0.within(\.common) }
    }
}

/// The options that every command has.
struct CommonOptions: Sendable {
    /// When output is coloured.
    enum Colour: String, OptionValue, CaseIterable {
        /// On a terminal, unless the environment says otherwise.
        case auto
        /// Also in a pipe.
        case always
        /// Not at all.
        case never
    }

    var colour = Colour.auto

    static let options: [CommandOption<CommonOptions>] = [
        CommandOption("color", \.colour, "When output is coloured; auto: on a terminal")
    ]
}
