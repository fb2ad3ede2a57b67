/// A command of the executable; its options are its stored properties, and the declarations beside them are the only
/// place that says how they are given, what they mean and what they are if not given.
public protocol Command: Sendable {
    /// Creates the command with every option at its default.
    init()

    /// The word by which it is called, or several with one space between: `backup prune`.
    static var name: String { get }
    /// What it does, in one line without a full stop.
    static var summary: String { get }
    /// What else there is to know, in paragraphs.
    static var discussion: String { get }
    /// What is given by place, in order.
    static var operands: [Operand<Self>] { get }
    /// What is given by name.
    static var options: [CommandOption<Self>] { get }
    /// How it is used.
    static var examples: [CommandExample] { get }
    /// The exit codes it has beyond those of every command.
    static var exitCodes: [ExitCode] { get }

    /// What is wrong with the options together, beyond what each says of itself; nil if nothing is.
    func complaint() -> String?

    /// Does the work.
    ///
    /// - Throws: anything; the program turns it into a sentence on standard error and an exit code.
    func run(in session: Session) async throws -> ExitCode
}

extension Command {
    /// Nothing else to know.
    public static var discussion: String { "" }
    /// Nothing by place.
    public static var operands: [Operand<Self>] { [] }
    /// No codes beyond those of every command.
    public static var exitCodes: [ExitCode] { [] }
    /// Nothing wrong.
    public func complaint() -> String? { nil }
}

/// A command line that shows how a command is used.
public struct CommandExample: Sendable {
    /// The whole line.
    public let line: String
    /// What it does.
    public let meaning: String

    /// Creates an example.
    public init(_ line: String, _ meaning: String) {
        self.line = line
        self.meaning = meaning
    }
}
