import Model

/// `lodestone migrate failover`: lets a destination serve with what it has.
struct MigrateFailoverCommand: Command {
    var isSure = false
    var change = MigrationChange()

    static let name = "migrate failover"
    static let summary = "lets a destination serve with what it has"
    static let discussion = """
        For a source that is lost: the destination is opened as it is, whatever the source is doing. The command says how
        much of what was seen of the source is not there, and needs --yes. What the source took without being seen is lost
        as well. Never let both ends take writes.
        """
    static let operands = [MigrationChange.operand.within(\MigrateFailoverCommand.change)]
    static let options: [CommandOption<MigrateFailoverCommand>] =
        [CommandOption("yes", \.isSure, "Says that what is lost by it may be lost")]
        + MigrationChange.options.map { $0.within(\.change) }
    static let examples = [
        CommandExample("lodestone migrate failover orders-to-orders2 --yes", "Makes the standby serve.")
    ]
    static let exitCodes = [ExitCode.unreachable, .timedOut]

    func run(in session: Session) async throws -> ExitCode {
        try await change.make(until: .over, in: session) { record in
            guard record.spec.method != .snapshot, [.replaying, .ready].contains(record.status.phase) else {
                throw CommandFailure(
                    "etcdmigration/\(change.name) is \(record.status.phase.rawValue): its destination has nothing to serve with yet, "
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
