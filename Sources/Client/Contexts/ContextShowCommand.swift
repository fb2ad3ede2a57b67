import Model
import Transport

/// `lodestone context show`: shows the context in use.
struct ContextShowCommand: Command {
    var connection = ConnectionOptions()
    var output = OutputFormat.table

    static let name = "context show"
    static let summary = "shows the context in use: which server commands work with, and as whom"
    static let discussion = "Secrets are not shown, and no server is asked."
    static let options: [CommandOption<ContextShowCommand>] =
        [CommandOption("output", short: "o", \.output, "table for people; name for scripts")]
        + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample("lodestone context show", "Says where commands go."),
        CommandExample("lodestone context show -o name", "Prints the name alone."),
    ]
    static let exitCodes = [ExitCode.unreachable]

    func complaint() -> String? {
        output == .table || output == .name ? nil : "-o \(output.rawValue) is not possible here; choose table or name"
    }

    func run(in session: Session) async throws -> ExitCode {
        let kubeconfig = try connection.kubeconfig(in: session)
        guard output == .table else {
            try session.console.print(kubeconfig.context)
            return .success
        }
        let rows = [
            ("Context", kubeconfig.context), ("Server", kubeconfig.server + kubeconfig.prefix),
            ("Shown", kubeconfig.proofShown), ("Namespace", connection.namespace ?? kubeconfig.namespace),
            ("File", kubeconfig.file),
        ]
        for (name, value) in rows {
            let padding = String(repeating: " ", count: 11 - name.count)
            try session.console.print(session.console.paint(.dim, name) + padding + value)
        }
        return .success
    }
}

extension Kubeconfig {
    /// By what we are known to the server.
    fileprivate var proofShown: String {
        let own =
            switch credential {
            case .none: ""
            case .token: "a token"
            case .tokenFile(_, let file): "the token in \(file)"
            case .program(let program): "what the program \(program.command) says"
            }
        let all = [own, tls?.clientCertificate == nil ? "" : "a certificate"].filter { !$0.isEmpty }
        return all.isEmpty ? "nothing" : all.joined(separator: " and ")
    }
}
