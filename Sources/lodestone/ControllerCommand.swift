public import Client
import Glibc
import Model
public import Telemetry

/// `lodestone controller`: the service.
struct ControllerCommand: Command {
    var dataDirectory = ".lodestone"
    var listen = ListenAddress(host: "127.0.0.1", port: 7420)
    var memberPorts = PortRange(ports: 23790...24789)
    var etcdDirectories: [String] = []
    var backupDirectory: String?
    var secretsKeyFile: String?
    var access = AccessOptions()
    var backupsAtOnce = 2
    var quarantineAge = Duration.seconds(7 * 86400)
    var logFormat = LogFormat.text
    var logLevel = LogLevel.info

    static let name = "controller"
    static let summary = "runs the controller service until it is told to stop"
    static let discussion = """
        Keeps the records in a store in the data directory, serves the API over TLS, and runs the loops that bring
        clusters, inspections and backups to what the records say. At the first start it makes a certificate authority,
        an admin token and a kubeconfig in the data directory.

        It ends on SIGTERM or SIGINT. The etcd members it runs go on serving, and the next start adopts them.
        """
    static let options: [CommandOption<ControllerCommand>] =
        [
            CommandOption(
                "data-dir", \.dataDirectory, placeholder: "DIRECTORY", environment: "LODESTONE_DATA_DIR",
                "Where the store, members, backups and credentials are"),
            CommandOption("listen", \.listen, "The address and port of the API"),
            CommandOption("member-ports", \.memberPorts, "The ports that members of Local clusters listen on"),
            CommandOption(
                "etcd-dir", \.etcdDirectories, placeholder: "DIRECTORY",
                "Where etcd binaries are, as DIRECTORY/VERSION/etcd; the PATH is searched as well"),
            CommandOption(
                "backup-dir", \.backupDirectory, placeholder: "DIRECTORY",
                "Where backups go that name no directory; DATA-DIR/backups if not given"),
            CommandOption(
                "secrets-key-file", \.secretsKeyFile, placeholder: "FILE",
                "The file with the keys that Secrets are stored under; DATA-DIR/keys/records.key if not given"),
            CommandOption("backups-at-once", \.backupsAtOnce, "How many backups are made at the same time"),
            CommandOption("quarantine-age", \.quarantineAge, "How long data of deleted clusters is kept"),
            CommandOption("log-format", \.logFormat, "How log lines are written"),
            CommandOption("log-level", \.logLevel, "From which level on log lines are written"),
        ] + AccessOptions.options.map { $0.within(\ControllerCommand.access) }
    static let examples = [
        CommandExample("lodestone controller", "Runs on the embedded defaults, with its data in .lodestone."),
        CommandExample(
            "lodestone controller --data-dir /var/lib/lodestone --log-format json", "Runs as the system service does."),
    ]

    func complaint() -> String? {
        guard (1...64).contains(backupsAtOnce) else { return "\"--backups-at-once\" must be between 1 and 64" }
        return access.complaint()
    }

    func run(in session: Session) async throws -> ExitCode {
        let logger = Logger(label: "controller", level: logLevel, sink: .standardError(format: logFormat))
        do {
            try await ControllerService(self, logger: logger).run()
        } catch {
            guard !Task.isCancelled else { return .success }
            throw CommandFailure("\(error)")
        }
        return .success
    }
}

/// An address and a port to listen on.
struct ListenAddress: OptionValue, Equatable {
    var host: String
    var port: UInt16

    init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":"), let port = UInt16(argument[argument.index(after: colon)...])
        else {
            return nil
        }
        var host = argument[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else { return nil }
        self.init(host: String(host), port: port)
    }

    static let expectation = "an address and a port, such as 127.0.0.1:7420"
    static let placeholder = "ADDRESS:PORT"
    var argument: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// A range of TCP ports.
struct PortRange: OptionValue, Equatable {
    var ports: ClosedRange<Int>

    init(ports: ClosedRange<Int>) {
        self.ports = ports
    }

    init?(argument: String) {
        let ends = argument.split(separator: "-").compactMap { Int($0) }
        guard ends.count == 2, (1...65535).contains(ends[0]), (ends[0]...65535).contains(ends[1]) else { return nil }
        ports = ends[0]...ends[1]
    }

    static let expectation = "a range of ports, such as 23790-24789"
    static let placeholder = "FIRST-LAST"
    var argument: String { "\(ports.lowerBound)-\(ports.upperBound)" }
}

extension LogFormat: OptionValue {}

extension LogLevel: OptionValue {
    /// Reads the name of a level.
    public init?(argument: String) { self.init(name: argument) }
    /// The names.
    public static var choices: [String] { allCases.map(\.description) }
    /// One of the names.
    public static var expectation: String { "one of \(choices.joined(separator: ", "))" }
    /// The names, as alternatives.
    public static var placeholder: String { choices.joined(separator: "|") }
    /// The name.
    public var argument: String { description }
}
