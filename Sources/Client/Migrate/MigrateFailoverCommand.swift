import Model

/// `lodestone migrate failover`: lets a destination serve with what it has.
struct MigrateFailoverCommand: Command {
    var name = ""
    var isSure = false
    var waits = true
    var timeout = Duration.seconds(3600)
    var connection = ConnectionOptions()

    static let name = "migrate failover"
    static let summary = "lets a destination serve with what it has"
    static let discussion = """
        For a source that is lost: the destination is opened as it is, whatever the source is doing. The command says how
        much of what was seen of the source is not there, and needs --yes. What the source took without being seen is lost
        as well. Never let both ends take writes.
        """
    static let operands: [Operand<MigrateFailoverCommand>] = [
        Operand("MIGRATION", \.name, completing: .records(EtcdMigration.kind), "The name of the EtcdMigration")
    ]
    static let options: [CommandOption<MigrateFailoverCommand>] =
        [
            CommandOption("yes", \.isSure, "Says that what is lost by it may be lost"),
            CommandOption("wait", \.waits, "Waits until it is done; --wait=false does not"),
            CommandOption("timeout", \.timeout, "How long to wait"),
        ] + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample("lodestone migrate failover orders-to-orders2 --yes", "Makes the standby serve.")
    ]
    static let exitCodes = [ExitCode.unreachable, .timedOut]

    func run(in session: Session) async throws -> ExitCode {
        let connection = try await connection.connect(in: session)
        return try await MigrationChange(name: name, timeout: timeout).make(
            until: .over, waits: waits, connection, session
        ) { record in
            guard record.spec.method != .snapshot, [.replaying, .ready].contains(record.status.phase) else {
                throw CommandFailure(
                    "etcdmigration/\(name) is \(record.status.phase.rawValue): its destination has nothing to serve with yet, "
                        + "or serves already")
            }
            guard isSure else {
                let (applied, seen) = (record.status.applied ?? 0, record.status.sourceRevision ?? 0)
                throw CommandFailure(
                    "\(record.spec.destinationRef.name) has revision \(applied) of \(seen) that were seen: "
                        + "\(max(0, seen - applied)) would be lost, and whatever was not seen; say --yes if that is what you "
                        + "want")
            }
            record.spec.goal = .failedOver
        }
    }
}
