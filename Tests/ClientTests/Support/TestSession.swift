import Client
import Model
import Synchronization

/// A session that remembers what is written in it.
final class TestSession: Sendable {
    private let texts = Mutex((output: "", errors: ""))
    let workingDirectory: String
    private let environment: [String: String]
    private let now: Timestamp?
    private let program: ProgramName
    private let isTerminal: Bool

    init(
        in workingDirectory: String = "/nowhere", environment: [String: String] = [:], now: Timestamp? = nil,
        program: ProgramName = .lodestone, isTerminal: Bool = false
    ) {
        self.workingDirectory = workingDirectory
        self.environment = environment
        self.now = now
        self.program = program
        self.isTerminal = isTerminal
    }

    /// What was written as the result so far.
    var output: String { texts.withLock { $0.output } }
    /// What was said about it so far.
    var errors: String { texts.withLock { $0.errors } }

    /// Runs a command line.
    func run(_ arguments: [String], input: String = "") async -> ExitCode {
        await Program().run(arguments, in: session(input: input))
    }

    /// Runs a command line written as in a shell, without quotes.
    func run(_ line: String, input: String = "") async -> ExitCode {
        await run(line.split(separator: " ").map(String.init), input: input)
    }

    /// The session as commands get it.
    func session(input: String = "") -> Session {
        let now = now
        return Session(
            console: Console(
                isTerminal: isTerminal, usesColour: isTerminal,
                output: { [self] (text) throws(Console.OutputClosed) in texts.withLock { $0.output += text } },
                errors: { [self] (text) throws(Console.OutputClosed) in texts.withLock { $0.errors += text } }),
            environment: environment, workingDirectory: workingDirectory, program: program, now: { now ?? .now },
            input: { () throws(FileError) in Array(input.utf8) })
    }
}
