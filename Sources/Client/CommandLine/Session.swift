import Glibc
public import Model

/// What a command has around it: where it writes, where it stands, what time it is.
public struct Session: Sendable {
    /// Where it writes.
    public let console: Console
    /// The environment variables.
    public let environment: [String: String]
    /// The directory relative paths begin at.
    public let workingDirectory: String
    /// How the program was called.
    public let program: ProgramName
    /// The time.
    public let now: @Sendable () -> Timestamp
    private let warnings = SaidOnce()
    private let input: @Sendable () throws(FileError) -> [UInt8]

    /// Creates a session.
    public init(
        console: Console, environment: [String: String] = [:], workingDirectory: String,
        program: ProgramName = .lodestone, now: @escaping @Sendable () -> Timestamp = { Timestamp.now },
        input: @escaping @Sendable () throws(FileError) -> [UInt8] = { () throws(FileError) in [] }
    ) {
        self.console = console
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.program = program
        self.now = now
        self.input = input
    }

    /// The session of this very process.
    public static func process() -> Session {
        let environment = Self.processEnvironment()
        let directory = getcwd(nil, 0)
        defer { free(directory) }
        return Session(
            console: .standard(environment: environment), environment: environment,
            workingDirectory: directory.map { String(cString: $0) } ?? "/",
            program: ProgramName(path: CommandLine.arguments.first ?? ""),
            input: { () throws(FileError) in
                try InputFile.read(descriptor: STDIN_FILENO, named: "stdin", limit: 16 << 20)
            })
    }

    /// The session of a command whose colours were asked for.
    func coloured(_ colour: CommonOptions.Colour) -> Session { with(console: console.coloured(colour)) }

    /// The same without anything being said.
    var silent: Session { with(console: Console.silent) }

    /// For a plugin of kubectl, which talks to what kubectl talks to, our own variables do not count.
    var adaptedToPlugins: Session {
        guard program != .lodestone else { return self }
        return with(
            environment: environment.filter { !["LODESTONE_KUBECONFIG", "LODESTONE_NAMESPACE"].contains($0.key) })
    }

    private func with(console: Console? = nil, environment: [String: String]? = nil) -> Session {
        Session(
            console: console ?? self.console, environment: environment ?? self.environment,
            workingDirectory: workingDirectory, program: program, now: now, input: input)
    }

    /// All of standard input.
    func readInput() throws(FileError) -> [UInt8] { try input() }

    /// Whether kubectl called us, so that we talk to what it talks to.
    var isPlugin: Bool { program != .lodestone }

    /// Warns on standard error, once for every sentence.
    func warnOnce(_ sentence: String) throws {
        guard warnings.add(sentence) else { return }
        let label = console.errorsAreTerminal ? console.paint(.yellow, "warning:") : "warning:"
        try console.note("\(label) \(sentence)")
    }

    /// A path, made absolute.
    func path(_ path: String) -> String {
        path.hasPrefix("/") ? path : "\(workingDirectory)/\(path)"
    }

    /// The environment this process was started with, which Linux keeps for it to read.
    private static func processEnvironment() -> [String: String] {
        var variables: [String: String] = [:]
        guard let bytes = try? InputFile.read("/proc/self/environ", limit: 16 << 20) else { return variables }
        for entry in bytes.split(separator: 0) {
            let parts = entry.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            variables[String(decoding: parts[0], as: UTF8.self)] = String(decoding: parts[1], as: UTF8.self)
        }
        return variables
    }
}
