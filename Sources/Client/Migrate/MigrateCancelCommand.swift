import Model

/// `lodestone migrate cancel`: ends a migration and puts everything back.
struct MigrateCancelCommand: Command {
    var name = ""
    var waits = true
    var timeout = Duration.seconds(3600)
    var connection = ConnectionOptions()

    static let name = "migrate cancel"
    static let summary = "ends a migration and puts everything back"
    static let discussion = """
        The source takes writes again if it was frozen, the members of a destination that was made are stopped, and what
        they hold stays where it is until the EtcdCluster is deleted. A migration that is completed is not cancelled:
        see "lodestone migrate rollback".
        """
    static let operands: [Operand<MigrateCancelCommand>] = [
        Operand("MIGRATION", \.name, completing: .records(EtcdMigration.kind), "The name of the EtcdMigration")
    ]
    static let options: [CommandOption<MigrateCancelCommand>] =
        [
            CommandOption("wait", \.waits, "Waits until it is done; --wait=false does not"),
            CommandOption("timeout", \.timeout, "How long to wait"),
        ] + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample("lodestone migrate cancel orders-to-orders2", "Puts everything back.")
    ]
    static let exitCodes = [ExitCode.unreachable, .timedOut]

    func run(in session: Session) async throws -> ExitCode {
        let connection = try await connection.connect(in: session)
        return try await MigrationChange(name: name, timeout: timeout).make(
            until: .over, waits: waits, connection, session
        ) { record in
            guard record.status.phase != .completed else {
                throw CommandFailure("etcdmigration/\(name) is completed; see \"lodestone migrate rollback\"")
            }
            record.spec.goal = .cancelled
        }
    }
}
