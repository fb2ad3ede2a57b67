import Client
import Model
import Synchronization

/// A session that remembers what is written in it.
final class TestSession: Sendable {
    private let texts = Mutex((output: "", errors: ""))
    let workingDirectory: String
    private let environment: [String: String]
    private let now: Timestamp?

    init(in workingDirectory: String = "/nowhere", environment: [String: String] = [:], now: Timestamp? = nil) {
        self.workingDirectory = workingDirectory
        self.environment = environment
        self.now = now
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

    private func session(input: String) -> Session {
        let now = now
        return Session(
            console: Console(
                output: { [self] (text) throws(Console.OutputClosed) in texts.withLock { $0.output += text } },
                errors: { [self] (text) throws(Console.OutputClosed) in texts.withLock { $0.errors += text } }),
            environment: environment, workingDirectory: workingDirectory, now: { now ?? .now },
            input: { () throws(FileError) in Array(input.utf8) })
    }
}
