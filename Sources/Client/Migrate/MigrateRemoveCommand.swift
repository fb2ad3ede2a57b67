import Model

/// `lodestone migrate remove`: removes from the source the part that was moved.
struct MigrateRemoveCommand: Command {
    var isSure = false
    var change = MigrationChange(timeout: .seconds(86400))

    static let name = "migrate remove"
    static let summary = "removes from the source the part that was moved"
    static let discussion = """
        For a completed migration of a part, once its clients use the destination: every key that was proven to be there
        is removed from the source, in small batches with pauses, unless it was changed since. Needs --yes.
        """
    static let operands = [MigrationChange.operand.within(\MigrateRemoveCommand.change)]
    static let options: [CommandOption<MigrateRemoveCommand>] =
        [CommandOption("yes", \.isSure, "Says that the clients use the destination and the keys may go")]
        + MigrationChange.options.map { $0.within(\.change) }
    static let examples = [
        CommandExample("lodestone migrate remove k8s-to-events --yes", "Removes the events that have moved.")
    ]
    static let exitCodes = [ExitCode.unreachable, .timedOut]

    func run(in session: Session) async throws -> ExitCode {
        try await change.make(until: .removed, in: session) { record in
            guard record.status.phase == .completed, !record.spec.selection.isEmpty else {
                throw CommandFailure(
                    "etcdmigration/\(change.name) is no completed migration of a part; nothing is removed")
            }
            guard record.status.proof?.verdict == .equal else {
                throw CommandFailure("etcdmigration/\(change.name) was not proven equal; nothing is removed")
            }
            guard isSure else {
                let keys = record.status.proof?.keys.map { "\($0) keys" } ?? "the keys"
                throw CommandFailure(
                    "\(keys) would be removed from \(record.spec.sourceRef.name); say --yes if its clients use "
                        + "\(record.spec.destinationRef.name) by now")
            }
            record.spec.cutover.source = .removed
        }
    }
}
