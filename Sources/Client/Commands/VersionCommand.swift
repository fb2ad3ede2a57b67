import Model

/// The version of Lodestone.
public enum Version {
    /// The version of this build.
    public static let current = "0.1.0"
}

/// `lodestone version`: which Lodestone this is, and which the controller is.
struct VersionCommand: Command {
    var isClientOnly = false
    var output = OutputFormat.table
    var connection = ConnectionOptions()

    static let name = "version"
    static let summary = "shows the version of this executable and of the controller"
    static let options: [CommandOption<VersionCommand>] =
        [
            CommandOption("client", \.isClientOnly, "Does not ask the controller"),
            CommandOption("output", short: "o", \.output, "How to show them"),
        ] + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [CommandExample("lodestone version", "Both versions.")]

    func run(in session: Session) async throws -> ExitCode {
        var versions: Value = ["client": .string(Version.current)]
        if !isClientOnly {
            do {
                let answer = try await connection.connect(in: session).client.text("/version")
                versions["controller"] = .string(Self.own(try Value(json: answer)["gitVersion"]?.string ?? ""))
            } catch let error as APIError where error.exitCode == .unreachable {
                // A version is asked for where nothing runs, too.
                versions["controller"] = .null
            }
        }
        if output.isDocument {
            try session.console.write(output.text(of: versions))
        } else {
            try session.console.print("lodestone \(Version.current)")
            if let controller = versions["controller"]?.string { try session.console.print("controller \(controller)") }
        }
        return .success
    }

    /// Our version in the one the controller gives to kubectl, which begins with that of the Kubernetes API it follows.
    private static func own(_ version: String) -> String {
        version.firstRange(of: "lodestone-").map { String(version[$0.upperBound...]) } ?? version
    }
}
