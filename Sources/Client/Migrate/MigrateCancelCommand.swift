import Model

/// `lodestone migrate cancel`: ends a migration and puts everything back.
struct MigrateCancelCommand: Command {
    var change = MigrationChange()

    static let name = "migrate cancel"
    static let summary = "ends a migration and puts everything back"
    static let discussion = """
        The source takes writes again if it was frozen, the members of a destination that was made are stopped, and what
        they hold stays where it is until the EtcdCluster is deleted. A migration that is completed is not cancelled:
        see "lodestone migrate rollback".
        """
    static let operands = [MigrationChange.operand.within(\MigrateCancelCommand.change)]
    static let options: [CommandOption<MigrateCancelCommand>] =
        MigrationChange.options.map { $0.within(\.change) }
    static let examples = [
        CommandExample("lodestone migrate cancel orders-to-orders2", "Puts everything back.")
    ]
    static let exitCodes = [ExitCode.unreachable, .timedOut]

    func run(in session: Session) async throws -> ExitCode {
        try await change.make(until: .over, in: session) { record in
            guard record.status.phase != .completed else {
                throw CommandFailure("etcdmigration/\(change.name) is completed; see \"lodestone migrate rollback\"")
            }
            record.spec.goal = .cancelled
        }
    }
}
