import ControllerRuntime
import Model
import Store

/// The end of a freeze, and what is done about one that no record tells of.
extension MigrationReconciler {
    /// Writes down that the source takes writes again.
    func thawed(_ migration: inout EtcdMigration, _ jobs: MigrationJobs) async throws -> Outcome {
        await jobs.forget(.thaw)
        services.migrationBoard.forgetFreeze(migration.freezeTag)
        try await jobs.releaseSource()
        migration.noteThaw()
        services.events.normal(migration, "SourceReleased", "the source takes writes again")
        return .again(after: .zero, because: "the source takes writes again")
    }

    /// Looks whether the source is frozen although the record does not say so, and puts it on record if it is.
    func leftover(
        _ step: MigrationPlan.Step, _ migration: inout EtcdMigration, _ jobs: MigrationJobs, _ facts: MigrationFacts,
        at now: Timestamp
    ) async throws -> Outcome {
        switch step {
        case .lookForFreeze:
            if facts.freezeLook == .none { await jobs.start(.lookForFreeze) }
            return .again(after: .milliseconds(200), because: "the source is asked whether it is frozen")
        case .adoptFreeze:
            await jobs.forget(.lookForFreeze)
            // Where the record goes already, the freeze is lifted as long as it is there.
            _ = try await jobs.holdSource()
            migration.noteFreeze(at: now)
            services.events.warning(
                migration, "LeftoverFreeze",
                "the source was found frozen by this migration although nothing on record said so: a request of an earlier "
                    + "attempt at the cut-over was carried out late")
            return .again(after: .zero, because: "the freeze is on record before anything is done about it")
        default:
            await jobs.forget(.lookForFreeze)
            services.migrationBoard.forgetFreeze(migration.freezeTag)
            return .again(after: .zero, because: "the source is not frozen, or could not be asked")
        }
    }
}
