import Model

/// `lodestone migrate watch`: shows how far a migration is.
struct MigrateWatchCommand: Command {
    var name = ""
    var timeout = Duration.seconds(86400)
    var connection = ConnectionOptions()

    static let name = "migrate watch"
    static let summary = "shows how far a migration is, until it is ready or over"
    static let discussion = """
        Shows the phases as they come, and the figures at the end. Interrupting it changes nothing.
        """
    static let operands: [Operand<MigrateWatchCommand>] = [
        Operand("MIGRATION", \.name, completing: .records(EtcdMigration.kind), "The name of the EtcdMigration")
    ]
    static let options: [CommandOption<MigrateWatchCommand>] =
        [
            CommandOption("timeout", \.timeout, "How long to wait")
        ] + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample("lodestone migrate watch orders-to-orders2", "Shows a migration that is under way.")
    ]
    static let exitCodes = [ExitCode.unreachable, .timedOut]

    func run(in session: Session) async throws -> ExitCode {
        let connection = try await connection.connect(in: session)
        let query = RecordQuery(EtcdMigration.kind, namespace: connection.namespace, name: name)
        guard let document = try await connection.client.find(query) else {
            throw CommandFailure(
                "there is no migration \"\(name)\" in namespace \(connection.namespace); see \"lodestone get em\"")
        }
        return try await MigrationFollower(name: name, limit: timeout).follow(
            document, until: .ready, connection, session)
    }
}
