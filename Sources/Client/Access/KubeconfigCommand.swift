import Manifests
import Model
import Transport

/// `lodestone kubeconfig`: makes a kubeconfig for somebody else.
struct KubeconfigCommand: Command {
    var token = TokenOptions()
    var tokenName: String?
    var tokenFile: String?
    var server: String?
    var contextName = "lodestone"
    var output: String?
    var isForced = false
    var connection = ConnectionOptions()

    static let name = "kubeconfig"
    static let summary = "makes a kubeconfig with a token of its own, for lodestone and kubectl"
    static let discussion = """
        Makes a token for --user, as "lodestone token create" does, and writes a complete kubeconfig with it: the server
        and its authority as we know them, the token, the namespace. With --token-file it takes a token that is there
        already. The file can be read by its owner only. The server must be named as the other side reaches it, and its
        certificate must carry that name: --server.
        """
    static let options: [CommandOption<KubeconfigCommand>] =
        TokenOptions.options.map { $0.within(\.token) } + [
            CommandOption(
                "token-name", \.tokenName, placeholder: "NAME",
                "The name of the AccessToken that is made; of the user and the time if not given"),
            CommandOption(
                "token-file", \.tokenFile, placeholder: "FILE",
                "A file with a token to use, or - for standard input; none is made"),
            CommandOption(
                "server", \.server, placeholder: "URL", "The server as the other side reaches it; as we do if not given"
            ),
            CommandOption("context-name", \.contextName, placeholder: "NAME", "How its context is called"),
            CommandOption(
                "output", short: "o", \.output, placeholder: "FILE", completing: .files,
                "The file to write; standard output if not given"),
            CommandOption("force", \.isForced, "Writes over a file that is there"),
        ] + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample(
            "lodestone kubeconfig --user alice --group operators --server https://fleet.example:7420 -o alice.yaml",
            "Makes one for a colleague, for thirty days."),
        CommandExample(
            "lodestone kubeconfig --token-file - < ci.token > ci.yaml", "Makes one of a token that is there."),
    ]
    static let exitCodes = [ExitCode.unreachable]

    func complaint() -> String? {
        let isNamed = !(token.user ?? "").isEmpty
        if isNamed == (tokenFile != nil) { return "name either a user (--user NAME) or a token (--token-file FILE)" }
        if tokenFile != nil, !token.groups.isEmpty || tokenName != nil {
            return "a token that is there already has its user, groups and name"
        }
        if let server, !server.hasPrefix("https://") {
            return "\"--server\" must begin with https://: kubectl shows tokens to nobody else"
        }
        return nil
    }

    func run(in session: Session) async throws -> ExitCode {
        if let output, !isForced, InputFile.exists(session.path(output)) {
            throw CommandFailure("\(output) is there already; --force writes over it")
        }
        let known = try connection.kubeconfig(in: session)
        guard let tls = known.tls else {
            throw CommandFailure("our own kubeconfig reaches the server without TLS, and kubectl shows no token then")
        }
        let connection = try await connection.connect(in: session)
        let (secret, user) = try await secret(connection.client, session)
        var cluster: Value = ["server": .string(server ?? known.server + known.prefix)]
        if let authority = tls.certificateAuthority {
            cluster["certificate-authority-data"] = .string(Base64.encode(Array(authority.utf8)))
        }
        if let name = tls.serverName { cluster["tls-server-name"] = .string(name) }
        if tls.skipsVerification { cluster["insecure-skip-tls-verify"] = true }
        let name = Value.string(contextName)
        let config: Value = [
            "apiVersion": "v1", "kind": "Config", "clusters": [["name": name, "cluster": cluster]],
            "users": [["name": .string(user), "user": ["token": .string(secret)]]],
            "contexts": [
                [
                    "name": name,
                    "context": [
                        "cluster": name, "user": .string(user), "namespace": .string(connection.namespace),
                    ],
                ]
            ], "current-context": name,
        ]
        guard let output else {
            try session.console.write(config.yaml)
            return .success
        }
        do throws(FileError) {
            try OutputFile.writePrivate(session.path(output), Array(config.yaml.utf8))
        } catch {
            throw CommandFailure("\(output) cannot be written: \(error.reason)")
        }
        try session.console.note("\(output) written; only its owner can read it")
        return .success
    }

    /// The token of the new kubeconfig, and whose it is.
    private func secret(_ client: APIClient, _ session: Session) async throws -> (secret: String, user: String) {
        if let tokenFile {
            let text =
                tokenFile == "-"
                ? String(decoding: try session.readInput(), as: UTF8.self).trimmed
                : try InputFile.text(session.path(tokenFile))
            guard !text.isEmpty, !text.contains(where: \.isWhitespace) else {
                throw CommandFailure("\(tokenFile == "-" ? "standard input" : tokenFile) holds no token")
            }
            return (text, "user")
        }
        let user = token.user ?? ""
        let (secret, record) = try await token.create(
            named: tokenName ?? Self.name(of: user, at: session.now()), user: user, dryRun: false, client, session)
        let until = record.spec.expires.map { "until \($0)" } ?? "for ever"
        try session.console.note("\(record.document.reference) created for \(user) \(until)")
        return (secret, user)
    }

    /// A name that records can have, out of one that users can.
    static func name(of user: String, at now: Timestamp) -> String {
        let plain = user.lowercased().map { character in
            character.isASCII && (character.isLetter || character.isNumber) ? character : "-"
        }
        let digits = now.description.filter(\.isNumber)
        return "\(String(plain.drop { $0 == "-" }).prefix(40))-\(digits.prefix(8))-\(digits.dropFirst(8).prefix(6))"
            .drop { $0 == "-" }.description
    }
}
