/// One option of a command: its names, its meaning, and where its value goes.
public struct CommandOption<Root>: Sendable {
    /// The long name, without dashes.
    public let name: String
    /// The short name, without dash.
    public let short: Character?
    /// What it is for, in a sentence without a full stop.
    public let summary: String
    /// The environment variable that gives its value when no argument does.
    public let environment: String?
    /// What stands for the value in usage lines; nil for a flag.
    let placeholder: String?
    /// The value it takes when it is given without one; such options take a value only with "=".
    let implied: String?
    let isRepeatable: Bool
    /// What its value can be.
    let source: ArgumentSource
    /// The value the command has without it, as an argument.
    let standard: @Sendable (Root) -> String?
    let assign: @Sendable (inout Root, String) throws(OptionProblem) -> Void

    /// Why a value is refused, as the end of a sentence that begins with the option.
    struct OptionProblem: Error {
        let message: String

        init(_ text: String, expectation: String) {
            message = "\"\(text)\" is not possible here; write \(expectation)"
        }
    }

    /// A flag: `--name`, or `--name=false` to undo a default.
    public init(
        _ name: String, short: Character? = nil, _ keyPath: any WritableKeyPath<Root, Bool> & Sendable,
        environment: String? = nil, _ summary: String
    ) {
        self.init(
            name, short, nil, summary, environment, .words(["true", "false"]), implied: "true",
            standard: { $0[keyPath: keyPath] ? "true" : nil }
        ) { (root, text) throws(OptionProblem) in
            switch text {
            case "true", "1", "yes": root[keyPath: keyPath] = true
            case "false", "0", "no": root[keyPath: keyPath] = false
            default: throw OptionProblem(text, expectation: "true or false")
            }
        }
    }

    /// An option that always has a value.
    public init<Content: OptionValue>(
        _ name: String, short: Character? = nil, _ keyPath: any WritableKeyPath<Root, Content> & Sendable,
        placeholder: String? = nil, environment: String? = nil, implied: Content? = nil,
        completing source: ArgumentSource? = nil, _ summary: String
    ) {
        self.init(
            name, short, placeholder ?? Content.placeholder, summary, environment,
            source ?? .standard(choices: Content.choices, placeholder: placeholder), implied: implied?.argument,
            standard: { $0[keyPath: keyPath].argument }
        ) { (root, text) throws(OptionProblem) in root[keyPath: keyPath] = try Self.read(text) }
    }

    /// An option that may have no value.
    public init<Content: OptionValue>(
        _ name: String, short: Character? = nil, _ keyPath: any WritableKeyPath<Root, Content?> & Sendable,
        placeholder: String? = nil, environment: String? = nil, implied: Content? = nil,
        completing source: ArgumentSource? = nil, _ summary: String
    ) {
        self.init(
            name, short, placeholder ?? Content.placeholder, summary, environment,
            source ?? .standard(choices: Content.choices, placeholder: placeholder), implied: implied?.argument,
            standard: { $0[keyPath: keyPath]?.argument }
        ) { (root, text) throws(OptionProblem) in root[keyPath: keyPath] = try Self.read(text) }
    }

    /// An option that can be given several times, or once with commas.
    public init<Content: OptionValue>(
        _ name: String, short: Character? = nil, _ keyPath: any WritableKeyPath<Root, [Content]> & Sendable,
        placeholder: String? = nil, completing source: ArgumentSource? = nil, _ summary: String
    ) {
        self.init(
            name, short, placeholder ?? Content.placeholder, summary, nil,
            source ?? .standard(choices: Content.choices, placeholder: placeholder), implied: nil, isRepeatable: true,
            standard: { _ in nil }
        ) { (root, text) throws(OptionProblem) in
            for part in text.split(separator: ",") {
                root[keyPath: keyPath].append(try Self.read(String(part)))
            }
        }
    }

    private static func read<Content: OptionValue>(_ text: String) throws(OptionProblem) -> Content {
        guard let content = Content(argument: text) else {
            throw OptionProblem(text, expectation: Content.expectation)
        }
        return content
    }

    private init(
        _ name: String, _ short: Character?, _ placeholder: String?, _ summary: String, _ environment: String?,
        _ source: ArgumentSource, implied: String?, isRepeatable: Bool = false,
        standard: @escaping @Sendable (Root) -> String?,
        assign: @escaping @Sendable (inout Root, String) throws(OptionProblem) -> Void
    ) {
        self.name = name
        self.short = short
        self.placeholder = placeholder
        self.summary = summary
        self.environment = environment
        self.implied = implied
        self.isRepeatable = isRepeatable
        self.source = source
        self.standard = standard
        self.assign = assign
    }

    /// The same option of a command that holds this one's root as a group of options.
    public func within<Outer>(_ keyPath: any WritableKeyPath<Outer, Root> & Sendable) -> CommandOption<Outer> {
        CommandOption<Outer>(
            name, short, placeholder, summary, environment, source, implied: implied, isRepeatable: isRepeatable,
            standard: { [standard] in standard($0[keyPath: keyPath]) }
        ) { [assign] (root, text) throws(CommandOption<Outer>.OptionProblem) in
            do throws(OptionProblem) {
                try assign(&root[keyPath: keyPath], text)
            } catch {
                throw .init(message: error.message)
            }
        }
    }
}

extension CommandOption.OptionProblem {
    fileprivate init(message: String) {
        self.message = message
    }
}
