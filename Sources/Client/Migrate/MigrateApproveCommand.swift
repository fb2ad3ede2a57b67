import Model

/// `lodestone migrate approve`: lets a migration change over.
struct MigrateApproveCommand: Command {
    var name = ""
    var waits = true
    var timeout = Duration.seconds(3600)
    var connection = ConnectionOptions()

    static let name = "migrate approve"
    static let summary = "lets a migration change over"
    static let discussion = """
        The source is frozen, the last changes are brought over, both ends are proven to be equal, and the destination
        serves. If anything of that fails, the source takes writes again, and the cut-over is tried again later.
        """
    static let operands: [Operand<MigrateApproveCommand>] = [
        Operand("MIGRATION", \.name, completing: .records(EtcdMigration.kind), "The name of the EtcdMigration")
    ]
    static let options: [CommandOption<MigrateApproveCommand>] =
        [
            CommandOption("wait", \.waits, "Waits until it is done; --wait=false does not"),
            CommandOption("timeout", \.timeout, "How long to wait"),
        ] + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample(
            "lodestone migrate approve orders-to-orders2", "Changes over as soon as the destination is ready.")
    ]
    static let exitCodes = [ExitCode.unreachable, .timedOut]

    func run(in session: Session) async throws -> ExitCode {
        let connection = try await connection.connect(in: session)
        return try await MigrationChange(name: name, timeout: timeout).make(
            until: .over, waits: waits, connection, session
        ) { record in
            guard record.spec.cutover.mode == .manual else {
                throw CommandFailure(
                    "etcdmigration/\(name) changes over by itself or never (spec.cutover.mode is "
                        + "\(record.spec.cutover.mode.rawValue)); there is nothing to approve")
            }
            record.spec.cutover.approved = true
        }
    }
}
