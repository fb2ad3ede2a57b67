import Model

/// `lodestone migrate rollback`: lets the source take writes again after the cut-over.
struct MigrateRollbackCommand: Command {
    var isSure = false
    var change = MigrationChange()

    static let name = "migrate rollback"
    static let summary = "lets the source take writes again after the cut-over"
    static let discussion = """
        What was written to the destination since is only there; the command says how much that is and needs --yes. Point
        the clients back to the source afterwards. It is refused once spec.rollbackWindow is over.
        """
    static let operands = [MigrationChange.operand.within(\MigrateRollbackCommand.change)]
    static let options: [CommandOption<MigrateRollbackCommand>] =
        [CommandOption("yes", \.isSure, "Says that what is lost by it may be lost")]
        + MigrationChange.options.map { $0.within(\.change) }
    static let examples = [
        CommandExample("lodestone migrate rollback orders-to-orders2 --yes", "Goes back to the source.")
    ]
    static let exitCodes = [ExitCode.unreachable, .timedOut]

    func run(in session: Session) async throws -> ExitCode {
        try await change.make(until: .over, in: session) { record in
            guard record.status.phase == .completed else {
                throw CommandFailure("etcdmigration/\(change.name) is not completed; see \"lodestone migrate cancel\"")
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
