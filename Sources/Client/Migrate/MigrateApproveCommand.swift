import Model

/// `lodestone migrate approve`: lets a migration change over.
struct MigrateApproveCommand: Command {
    var change = MigrationChange()

    static let name = "migrate approve"
    static let summary = "lets a migration change over"
    static let discussion = """
        The source is frozen, the last changes are brought over, both ends are proven to be equal, and the destination
        serves. If anything of that fails, the source takes writes again, and the cut-over is tried again later.
        """
    static let operands = [MigrationChange.operand.within(\MigrateApproveCommand.change)]
    static let options: [CommandOption<MigrateApproveCommand>] =
        MigrationChange.options.map { $0.within(\.change) }
    static let examples = [
        CommandExample(
            "lodestone migrate approve orders-to-orders2", "Changes over as soon as the destination is ready.")
    ]
    static let exitCodes = [ExitCode.unreachable, .timedOut]

    func run(in session: Session) async throws -> ExitCode {
        try await change.make(until: .over, in: session) { record in
            guard record.spec.cutover.mode == .manual else {
                throw CommandFailure(
                    "etcdmigration/\(change.name) changes over by itself or never (spec.cutover.mode is "
                        + "\(record.spec.cutover.mode.rawValue)); there is nothing to approve")
            }
            record.spec.cutover.approved = true
        }
    }
}
