/// What a command line of a command can look like, for whoever completes it.
struct CommandShape: Sendable {
    /// An option.
    struct Option: Sendable {
        let name: String
        let short: Character?
        let summary: String
        /// Whether the next word is its value.
        let takesWord: Bool
        let isRepeatable: Bool
        let source: ArgumentSource
    }

    let name: String
    let summary: String
    let options: [Option]
    /// What the words by place can be.
    let operands: [ArgumentSource]
    /// Whether the last of them can be given again and again.
    let repeatsLast: Bool

    init<Root: Command>(_ command: Root.Type) {
        name = Root.name
        summary = Root.summary
        options =
            Invocation<Root>.options.map { option in
                Option(
                    name: option.name, short: option.short, summary: option.summary, takesWord: option.implied == nil,
                    isRepeatable: option.isRepeatable, source: option.source)
            } + [
                Option(
                    name: "help", short: "h", summary: "Shows the help of the command", takesWord: false,
                    isRepeatable: false, source: .nothing)
            ]
        operands = Root.operands.map(\.source)
        repeatsLast = Root.operands.last?.isRepeatable ?? false
    }

    /// The words of the name.
    var words: [String] { name.split(separator: " ").map(String.init) }

    /// The option a word begins with two dashes names.
    func option(named name: Substring) -> Option? { options.first { $0.name == name } }
}
