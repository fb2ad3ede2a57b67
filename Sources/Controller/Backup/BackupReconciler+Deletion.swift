import Archive
import ControllerRuntime
import Model
import Observers
import Store

extension BackupReconciler {
    /// How long to wait before a storage is asked again about a backup it keeps.
    private static let lockPatience = Duration.seconds(3600)

    /// Ends a backup that is under way, removes its bytes where the record asks for that, and lets the record go.
    func finalize(_ backup: inout EtcdBackup) async throws -> Outcome {
        guard backup.metadata.finalizers.contains(Self.finalizer) else { return .settled }
        guard await services.jobs.forget(backup), await services.presence.forget(backup) else {
            return .again(after: Self.look, because: "the backup under way is being ended")
        }
        if backup.spec.deletionPolicy == .delete, !backup.status.incarnation.isEmpty {
            if let outcome = try await removeBytes(of: &backup) { return outcome }
        }
        services.secretUsers.forget(RecordID(of: backup))
        backup.metadata.finalizers.removeAll { $0 == Self.finalizer }
        return .settled
    }

    /// Removes the stored bytes as a job; nil once they are gone.
    private func removeBytes(of backup: inout EtcdBackup) async throws -> Outcome? {
        switch await services.chores.takeResult(of: BackupChore.removal, for: backup) {
        case .success: return nil
        case .failure(let error as ArchiveError) where error.code == .notFound:
            // Nothing was stored, or it is gone already.
            return nil
        case .failure(let error as ArchiveError) where error.code == .locked:
            // The storage does as it was told when the backup was made; that is no failure.
            backup.status.message = "waiting: \(error)"
            services.events.normal(backup, "BackupKept", backup.status.message)
            return .again(after: Self.lockPatience, because: backup.status.message)
        case .failure(let problem as AccessProblem):
            backup.status.message =
                "waiting: its bytes cannot be removed: \(problem), or set spec.deletionPolicy to Retain"
            return .again(after: .seconds(60), because: backup.status.message)
        case .failure(let error):
            backup.status.message = "its bytes cannot be removed: \(error)"
            services.events.warning(backup, "DeletionBlocked", backup.status.message)
            throw error
        case nil: break
        }
        let cluster = try? await self.cluster(of: backup)
        let (spec, id) = (storage(of: backup, cluster), Self.identity(of: backup))
        let (archives, secrets) = (services.archives, services.access.secrets(of: backup))
        let clusterID = backup.status.clusterID
        await services.chores.start(BackupChore.removal, for: backup) { _ in
            try await archives.archive(spec, with: secrets).delete(id, of: clusterID.isEmpty ? nil : clusterID)
            return BackupChore.Result()
        }
        return .again(after: .seconds(30), because: "its bytes are being removed")
    }
}
