import Archive
import Model

/// What is done in a storage beside making backups: looking what retention has to remove, and removing it.
///
/// Chores run as jobs, so that a storage that hangs holds up nothing but chores.
enum BackupChore {
    /// The name of the look at a cluster's backups.
    static let retention = "retention"
    /// The name of the removal of a backup's bytes.
    static let removal = "removal"

    /// What a chore found.
    struct Result: Sendable {
        /// The whole backups that lie there, newest first.
        var stored: [BackupManifest] = []
        /// Until when the storage itself keeps those that retention would remove, by name.
        var kept: [String: Timestamp] = [:]
    }

    /// Looks which backups there are and which of them could not be removed.
    static func look(
        at incarnation: ClusterIncarnation, in archive: BackupArchive, named names: Set<String>,
        by policy: RetentionPolicy
    ) async throws -> Result {
        var result = Result()
        result.stored = try await archive.backups(of: incarnation).backups.filter { names.contains($0.name) }
        for manifest in RetentionPlan(of: result.stored, policy: policy).removed {
            result.kept[manifest.name] = try await archive.keptUntil(manifest.id)
        }
        return result
    }
}
