/// A command line that cannot be understood, and the help that would explain it.
public struct UsageError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong and what would be right.
    public let message: String
    /// The command whose help explains it; empty for the program's own.
    public let command: String

    /// Creates an error.
    public init(_ message: String, command: String = "") {
        self.message = message
        self.command = command
    }

    /// Where to read on.
    func advice(_ program: ProgramName) -> String {
        "See \"\(program.words) \(command.isEmpty ? "" : command + " ")--help\"."
    }

    /// What is wrong, and where to read on.
    public var description: String { "\(message)\n\(advice(.lodestone))" }
}
