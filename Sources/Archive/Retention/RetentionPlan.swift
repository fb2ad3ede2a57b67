/// How many backups of a cluster are kept.
public struct RetentionPolicy: Sendable, Hashable {
    /// The number of newest backups to keep; whatever it says, the newest is kept.
    public var keepLast: Int

    /// Makes a policy.
    public init(keepLast: Int) {
        self.keepLast = keepLast
    }
}

/// Which backups stay and which go, decided from their manifests alone.
///
/// Backups are ordered by the time they were finished and then by revision, both as numbers; names play no part. The
/// newest is never removed, nor is the one with the highest revision, which is another one if a clock was set back.
public struct RetentionPlan: Sendable, Equatable {
    /// Why a backup stays.
    public enum Reason: String, Sendable {
        /// It is the newest there is.
        case newest
        /// It holds the highest revision there is.
        case highestRevision
        /// It is one of the newest ones that the policy keeps.
        case keepLast
    }

    /// A backup that stays.
    public struct Kept: Sendable, Equatable {
        /// The backup.
        public let backup: BackupManifest
        /// The strongest reason.
        public let reason: Reason
    }

    /// What stays, newest first.
    public let kept: [Kept]
    /// What goes, oldest first, so that an interruption leaves the better ones.
    public let removed: [BackupManifest]

    /// Decides about good backups, given in any order; what is incomplete or damaged is not to be given.
    public init(of backups: [BackupManifest], policy: RetentionPolicy) {
        let newestFirst = backups.sorted { $1.isOlder(than: $0) }
        let highestRevision = newestFirst.map(\.content.revision).max()
        let highest = newestFirst.first { $0.content.revision == highestRevision }?.id
        var kept: [Kept] = []
        var removed: [BackupManifest] = []
        for (index, backup) in newestFirst.enumerated() {
            if index == 0 {
                kept.append(Kept(backup: backup, reason: .newest))
            } else if index < policy.keepLast {
                kept.append(Kept(backup: backup, reason: .keepLast))
            } else if backup.id == highest {
                kept.append(Kept(backup: backup, reason: .highestRevision))
            } else {
                removed.append(backup)
            }
        }
        self.kept = kept
        self.removed = removed.reversed()
    }
}

extension BackupManifest {
    /// Whether this backup was finished before another, or at the same time with a lower revision.
    public func isOlder(than other: BackupManifest) -> Bool {
        (finished, content.revision, name) < (other.finished, other.content.revision, other.name)
    }
}
