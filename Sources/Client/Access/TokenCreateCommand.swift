import Crypto
import Manifests
import Model

/// The options that say whom a new token stands for.
struct TokenOptions: Sendable {
    /// The user.
    var user: String?
    /// The user's groups.
    var groups: [String] = []
    /// How long the token can be used; zero for ever.
    var lifetime = Duration.seconds(30 * 86_400)

    static let options: [CommandOption<TokenOptions>] = [
        CommandOption("user", \.user, placeholder: "NAME", "The user the token stands for"),
        CommandOption("group", \.groups, placeholder: "NAME", "A group of the user"),
        CommandOption("expires", \.lifetime, "How long the token can be used; 0s for ever"),
    ]

    /// Makes a secret, and has the controller take its digest for it.
    ///
    /// - Returns: the secret, which nobody else knows, and the record as it was stored.
    func create(
        named name: String, user: String, dryRun: Bool, _ client: APIClient, _ session: Session
    ) async throws -> (secret: String, record: AccessToken) {
        let secret = BearerSecret.make()
        var token = AccessToken()
        token.metadata = ObjectMeta(name: name, namespace: "")
        token.spec.user = user
        token.spec.groups = groups
        token.spec.digest = BearerSecret.digest(of: secret)
        token.spec.expires = lifetime > .zero ? session.now() + lifetime : nil
        let stored = try await client.create(
            token.document, RecordQuery(AccessToken.kind, namespace: nil), dryRun: dryRun)
        return (secret, try AccessToken(answer: stored))
    }
}

/// `lodestone token create`: makes a token with which somebody else can use the controller.
struct TokenCreateCommand: Command {
    var name = ""
    var token = TokenOptions()
    var output = OutputFormat.table
    var isDryRun = false
    var connection = ConnectionOptions()

    static let name = "token create"
    static let summary = "makes a token with which somebody can use the controller"
    static let discussion = """
        The token has 256 random bits and is printed this once: the controller gets its SHA-256 only. What its user may
        do is said by RoleBindings; you can only give away rights that you have. Nothing but the token goes to standard
        output, so that it can be put where it belongs without being seen. "lodestone kubeconfig" makes a whole
        kubeconfig with one.
        """
    static let operands: [Operand<TokenCreateCommand>] = [
        Operand("NAME", \.name, "The name of the AccessToken, by which it can be revoked")
    ]
    static let options: [CommandOption<TokenCreateCommand>] =
        TokenOptions.options.map { $0.within(\.token) } + [
            CommandOption("output", short: "o", \.output, "table: the token alone; json or yaml: all of it"),
            CommandOption("dry-run", \.isDryRun, "Has the controller check it; no token is made"),
        ] + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample("lodestone token create ci --user ci --group deployers", "Makes one for thirty days."),
        CommandExample(
            "lodestone token create prometheus --user prometheus --expires 8760h > /etc/prometheus/lodestone.token",
            "Makes one for a year, and puts it where it is used."),
    ]
    static let exitCodes = [ExitCode.unreachable]

    func complaint() -> String? {
        if token.user?.isEmpty ?? true { return "name the user the token stands for: --user NAME" }
        return output == .wide || output == .name ? "-o \(output.rawValue) is not possible here" : nil
    }

    func run(in session: Session) async throws -> ExitCode {
        let connection = try await connection.connect(in: session)
        let (secret, record) = try await token.create(
            named: name, user: token.user ?? "", dryRun: isDryRun, connection.client, session)
        let reference = record.document.reference
        if isDryRun {
            try session.console.print("\(reference) created (dry run)")
            return .success
        }
        if output.isDocument {
            var answer: Value = [
                "name": .string(name), "user": .string(record.spec.user),
                "groups": .array(record.spec.groups.map { .string($0) }), "token": .string(secret),
            ]
            if let expires = record.spec.expires { answer["expires"] = .string(expires.description) }
            try session.console.write(output.text(of: answer))
        } else {
            try session.console.print(secret)
        }
        let until = record.spec.expires.map { "until \($0)" } ?? "for ever"
        try session.console.note("\(reference) created for \(record.spec.user) \(until); the token is not shown again")
        return .success
    }
}
