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
    /// The time.
    public let now: @Sendable () -> Timestamp
    private let input: @Sendable () throws(FileError) -> [UInt8]

    /// Creates a session.
    public init(
        console: Console, environment: [String: String] = [:], workingDirectory: String,
        now: @escaping @Sendable () -> Timestamp = { Timestamp.now },
        input: @escaping @Sendable () throws(FileError) -> [UInt8] = { () throws(FileError) in [] }
    ) {
        self.console = console
        self.environment = environment
        self.workingDirectory = workingDirectory
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
            input: { () throws(FileError) in
                try InputFile.read(descriptor: STDIN_FILENO, named: "stdin", limit: 16 << 20)
            })
    }

    /// All of standard input.
    func readInput() throws(FileError) -> [UInt8] { try input() }

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
