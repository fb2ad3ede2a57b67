import Model

/// `lodestone migrate rollback`: lets the source take writes again after the cut-over.
struct MigrateRollbackCommand: Command {
    var name = ""
    var isSure = false
    var waits = true
    var timeout = Duration.seconds(3600)
    var connection = ConnectionOptions()

    static let name = "migrate rollback"
    static let summary = "lets the source take writes again after the cut-over"
    static let discussion = """
        What was written to the destination since is only there; the command says how much that is and needs --yes. Point
        the clients back to the source afterwards.
        """
    static let operands: [Operand<MigrateRollbackCommand>] = [
        Operand("MIGRATION", \.name, completing: .records(EtcdMigration.kind), "The name of the EtcdMigration")
    ]
    static let options: [CommandOption<MigrateRollbackCommand>] =
        [
            CommandOption("yes", \.isSure, "Says that what is lost by it may be lost"),
            CommandOption("wait", \.waits, "Waits until it is done; --wait=false does not"),
            CommandOption("timeout", \.timeout, "How long to wait"),
        ] + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample("lodestone migrate rollback orders-to-orders2 --yes", "Goes back to the source.")
    ]
    static let exitCodes = [ExitCode.unreachable, .timedOut]

    func run(in session: Session) async throws -> ExitCode {
        let connection = try await connection.connect(in: session)
        return try await MigrationChange(name: name, timeout: timeout).make(
            until: .over, waits: waits, connection, session
        ) { record in
            guard record.status.phase == .completed else {
                throw CommandFailure("etcdmigration/\(name) is not completed; see \"lodestone migrate cancel\"")
            }
            guard isSure else {
                throw CommandFailure(
                    "what was written to \(record.spec.destinationRef.name) since revision "
                        + "\(record.status.frozenRevision ?? record.status.applied ?? 0) is not at "
                        + "\(record.spec.sourceRef.name) and is lost to its clients; say --yes if that is what you want"
                )
            }
            record.spec.goal = .rolledBack
        }
    }
}
