import Model

/// `lodestone token revoke`: takes a token back.
struct TokenRevokeCommand: Command {
    var names: [String] = []
    var isDryRun = false
    var connection = ConnectionOptions()

    static let name = "token revoke"
    static let summary = "takes tokens back: they cannot be used from then on"
    static let discussion = """
        It cannot be taken back in turn. The record stays, so that it can be seen that there was such a token; "lodestone
        delete token NAME" removes it, which ends the token as well.
        """
    static let operands: [Operand<TokenRevokeCommand>] = [
        Operand(
            "NAME", \.names, required: true, completing: .records(AccessToken.kind), "The names of the AccessTokens")
    ]
    static let options: [CommandOption<TokenRevokeCommand>] =
        [CommandOption("dry-run", \.isDryRun, "Has the controller check it, and changes nothing")]
        + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [CommandExample("lodestone token revoke ci", "Ends the token called ci.")]
    static let exitCodes = [ExitCode.unreachable]

    func run(in session: Session) async throws -> ExitCode {
        let connection = try await connection.connect(in: session)
        for name in names {
            let query = RecordQuery(AccessToken.kind, namespace: nil, name: name)
            let record = try await connection.client.change(query, dryRun: isDryRun) { (token: inout AccessToken) in
                token.spec.revoked = true
            }
            try session.console.print("\(record.reference) revoked\(isDryRun ? " (dry run)" : "")")
        }
        return .success
    }
}
