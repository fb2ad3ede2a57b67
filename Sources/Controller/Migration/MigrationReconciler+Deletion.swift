import ControllerRuntime
import Model
import Store

/// The end of a migration's work, and of its record.
extension MigrationReconciler {
    /// After the end nothing works for the migration, and nothing of it lies about.
    func rest(_ migration: inout EtcdMigration, _ jobs: MigrationJobs) async throws -> Outcome {
        guard await services.migrations.forget(migration) else {
            return .again(after: Self.look, because: "the work for it is ending")
        }
        services.migrationBoard.forget(migration.metadata.uid)
        await jobs.removeSpool()
        if migration.status.freezeTime == nil { try await jobs.releaseSource() }
        return .settled
    }

    /// The source gets its writers back, whatever the phase: nobody would know later why it is frozen.
    func finalize(_ migration: inout EtcdMigration, at now: Timestamp) async throws -> Outcome {
        guard migration.metadata.finalizers.contains(Self.finalizer) else { return .settled }
        var jobs = MigrationJobs(services: services, migration: migration)
        let facts = try await jobs.facts()
        // A destination that has not noticed yet that it serves would take the deletion for the migration's end.
        if [.completed, .rolledBack].contains(migration.status.phase), facts.restore?.isOpen ?? false,
            facts.restore?.phase == .opening
        {
            return .again(after: Self.look, because: "the destination is to serve first")
        }
        // Nobody would look for a freeze that came late once the record is gone.
        if migration.status.freezeTime == nil, facts.seesFreeze, !facts.isFreezing {
            _ = try await jobs.holdSource()
            migration.noteFreeze(at: now)
            return .again(after: .zero, because: "the freeze is on record before anything is done about it")
        }
        if migration.status.freezeTime != nil, migration.metadata.annotations[EtcdMigration.abandonedSource] != nil {
            services.events.warning(
                migration, "SourceAbandoned", "the source may still be frozen; nobody looks after it any more")
            services.migrationBoard.forgetFreeze(migration.freezeTag)
            migration.noteThaw()
        }
        if migration.status.freezeTime != nil {
            switch await jobs.state(of: .thaw) {
            case .done:
                await jobs.forget(.thaw)
                try await jobs.releaseSource()
                services.migrationBoard.forgetFreeze(migration.freezeTag)
                migration.noteThaw()
            case .none where facts.isFreezing:
                await jobs.forget(.cutOver)
                await jobs.forget(.freeze)
                return .again(after: .milliseconds(100), because: "the cut-over is ending")
            case .none:
                await jobs.endFollowing()
                await jobs.start(.thaw)
                return .again(after: Self.look, because: "the source gets its writers back")
            case .underway: return .again(after: Self.look, because: "the source gets its writers back")
            case .failed(let trouble):
                await jobs.forget(.thaw)
                // A source that is gone has no writers.
                guard trouble.reason != "ClusterMissing" else {
                    services.migrationBoard.forgetFreeze(migration.freezeTag)
                    migration.noteThaw()
                    return .again(after: .zero, because: "the source is gone")
                }
                migration.status.message =
                    "the source is still frozen: \(trouble); where it is gone for good, annotate the EtcdMigration with "
                    + EtcdMigration.abandonedSource
                services.events.warning(migration, "DeletionBlocked", migration.status.message)
                return .again(after: .seconds(5), because: migration.status.message)
            }
        }
        switch await jobs.state(of: .tidy) {
        case .none:
            await jobs.endFollowing()
            await jobs.start(.tidy)
            return .again(after: Self.look, because: "the destination is tidied up")
        case .underway: return .again(after: Self.look, because: "the destination is tidied up")
        // A destination that does not answer keeps a key of ours, which is in nobody's way.
        case .done, .failed: break
        }
        guard await services.migrations.forget(migration) else {
            return .again(after: Self.look, because: "the work for it is ending")
        }
        services.migrationBoard.forget(migration.metadata.uid)
        await jobs.removeSpool()
        try await jobs.releaseSource()
        services.migrationBoard.forget(
            RecordID(of: migration), from: Self.source(of: migration), tag: migration.freezeTag)
        migration.metadata.finalizers.removeAll { $0 == Self.finalizer }
        return .settled
    }
}
