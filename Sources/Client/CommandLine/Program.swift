import Manifests
import Model

/// The executable as seen from a shell: picks the command, runs it, says what went wrong, ends with its code.
public struct Program: Sendable {
    private let commands: [any Command.Type]

    /// The commands that talk to a controller.
    static let clientCommands: [any Command.Type] = [
        ApplyCommand.self, GetCommand.self, DescribeCommand.self, DeleteCommand.self, WatchCommand.self,
        EditCommand.self, DiffCommand.self, ScaleCommand.self, EventsCommand.self, ExplainCommand.self,
        BackupCommand.self, BackupPruneCommand.self, BackupVerifyCommand.self,
        BackupDrillCommand.self, BackupKeyCommand.self, RestoreCommand.self,
        MigrateCommand.self, MigrateWatchCommand.self, MigrateApproveCommand.self, MigrateCancelCommand.self,
        MigrateRemoveCommand.self, MigrateRollbackCommand.self, MigrateFailoverCommand.self,
        SnapshotInspectCommand.self,
        SnapshotVerifyCommand.self, SnapshotDiffCommand.self,
        ReportCommand.self, WaitCommand.self, CheckCommand.self, LoadCommand.self,
        TokenCreateCommand.self, TokenListCommand.self, TokenRevokeCommand.self, KubeconfigCommand.self,
        ContextListCommand.self, ContextUseCommand.self, ContextShowCommand.self,
        CompletionCommand.self, VersionCommand.self,
    ]

    /// Creates a program of the client commands and further ones, such as the service itself.
    public init(adding further: [any Command.Type] = []) {
        commands = further + Self.clientCommands
    }

    /// Runs the command that the arguments name; the first argument is the command, not the program.
    public func run(_ arguments: [String], in session: Session) async -> ExitCode {
        let session = session.adaptedToPlugins
        do {
            return try await dispatch(arguments, in: session)
        } catch is Console.OutputClosed {
            return .success
        } catch {
            return await report(error, in: session)
        }
    }

    private func dispatch(_ arguments: [String], in session: Session) async throws -> ExitCode {
        // kubectl asks for the words behind `kubectl lodestone` by a name of its own.
        if session.program == .pluginCompletion { return try await complete(arguments, in: session) }
        guard let word = arguments.first, word != "--help", word != "-h", word != "help" || arguments.count > 1
        else {
            try session.console.write(HelpText.text(of: commands, calledAs: session.program))
            return arguments.isEmpty ? .usage : .success
        }
        if word == "--version" { return try await VersionCommand().run(in: session) }
        if word == "__complete" { return try await complete(Array(arguments.dropFirst()), in: session) }
        // "help apply" is "apply --help".
        let isHelp = word == "help"
        let words = isHelp ? arguments.dropFirst() : arguments[...]
        if isHelp, words.first == "--man" {
            try session.console.write(ManualPage(commands: commands).text(version: Version.current))
            return .success
        }
        guard let command = command(called: words) else {
            let family = commands.filter { $0.name.hasPrefix("\(words.first ?? "") ") }
            guard !family.isEmpty else { throw unknown(words.first ?? "") }
            let isAsked = isHelp || ["--help", "-h"].contains(words.dropFirst().first)
            guard isAsked || words.count == 1 else { throw unknown(words.prefix(2).joined(separator: " ")) }
            try session.console.write(HelpText.text(of: family, calledAs: session.program))
            return isAsked ? .success : .usage
        }
        let rest = words.dropFirst(command.name.split(separator: " ").count)
        return try await run(command, isHelp ? ["--help"] : Array(rest), in: session)
    }

    /// Prints what the last of some words can become, for shells.
    private func complete(_ words: [String], in session: Session) async throws -> ExitCode {
        let shapes = commands.map { CommandShape($0) }
        let question = CompletionQuestion(words, commands: shapes, environment: session.environment)
        try session.console.write(await CompletionAnswer.answer(question, in: session).text)
        return .success
    }

    /// The command with the longest name that the arguments begin with: `backup prune` comes before `backup`.
    private func command(called words: ArraySlice<String>) -> (any Command.Type)? {
        commands.filter { words.starts(with: $0.name.split(separator: " ").map(String.init)) }
            .max { $0.name.count < $1.name.count }
    }

    private func run<Root: Command>(
        _ command: Root.Type, _ arguments: [String], in session: Session
    ) async throws -> ExitCode {
        guard let invocation = try CommandParser<Root>.parse(arguments, environment: session.environment) else {
            try session.console.write(HelpText.text(of: Root.self, calledAs: session.program))
            return .success
        }
        return try await invocation.command.run(in: session.coloured(invocation.common.colour))
    }

    private func unknown(_ name: String) -> UsageError {
        let suggestion = closestWord(to: name, among: commands.map { $0.name })
        return UsageError("unknown command \"\(name)\"" + (suggestion.map { "; did you mean \"\($0)\"?" } ?? ""))
    }

    /// Says what went wrong in one sentence, or in one line for each thing wrong with manifests.
    private func report(_ error: any Error, in session: Session) async -> ExitCode {
        let code: ExitCode
        switch error {
        case is UsageError: code = .usage
        case is CancellationError: code = .interrupted
        case let failure as CommandFailure: code = failure.code
        case let failure as APIError: code = failure.exitCode
        default: code = Task.isCancelled ? .interrupted : .failure
        }
        do {
            if code == .interrupted {
                try session.console.note("interrupted")
            } else {
                let label = session.console.errorsAreTerminal ? session.console.paint(.red, "error:") : "error:"
                let message = session.program.inItsWords((error as? UsageError)?.message ?? "\(error)")
                for line in message.split(separator: "\n", omittingEmptySubsequences: true) {
                    try session.console.note("\(label) \(line)")
                }
                if let usage = error as? UsageError { try session.console.note(usage.advice(session.program)) }
            }
        } catch {
            // Nobody reads what we say; the code still tells.
            return code
        }
        return code
    }
}

/// A failure with a sentence and a code of its own.
public struct CommandFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The sentence; several lines for several failures.
    public let description: String
    /// The code the program ends with.
    public let code: ExitCode

    /// Creates a failure.
    public init(_ description: String, code: ExitCode = .failure) {
        self.description = description
        self.code = code
    }
}
