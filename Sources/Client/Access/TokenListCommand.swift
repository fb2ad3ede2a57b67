import Model

/// `lodestone token list`: shows who can use the controller by tokens.
struct TokenListCommand: Command {
    var output = OutputFormat.table
    var connection = ConnectionOptions()

    static let name = "token list"
    static let summary = "shows the tokens: for whom, until when, whether they can be used"
    static let discussion = "The tokens themselves nobody can show: the controller has digests only."
    static let options: [CommandOption<TokenListCommand>] =
        [CommandOption("output", short: "o", \.output, "How to show them")]
        + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [CommandExample("lodestone token list", "Shows all tokens.")]
    static let exitCodes = [ExitCode.unreachable]

    func run(in session: Session) async throws -> ExitCode {
        let connection = try await connection.connect(in: session)
        let printer = RecordPrinter(
            console: session.console, client: connection.client, format: output, showsNamespace: false)
        let query = RecordQuery(AccessToken.kind, namespace: nil)
        if output == .table || output == .wide {
            _ = try await printer.printTables([query])
        } else {
            _ = try await printer.printDocuments([query])
        }
        return .success
    }
}
