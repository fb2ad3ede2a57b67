public import Model

/// What retention has to know of a backup.
public protocol Retainable: Sendable, Equatable {
    /// The name, which only makes an order of what is otherwise equal.
    var name: String { get }
    /// When it was finished.
    var finishTime: Timestamp { get }
    /// The revision it holds.
    var heldRevision: Int64 { get }
    /// Whether something speaks against its data.
    var isInDoubt: Bool { get }
}

extension Retainable {
    /// Whether this backup was finished before another, or at the same time with a lower revision.
    public func isOlder(than other: Self) -> Bool {
        (finishTime, heldRevision, name) < (other.finishTime, other.heldRevision, other.name)
    }
}

extension BackupManifest: Retainable {
    /// When the file was stored and proven.
    public var finishTime: Timestamp { finished }
    /// The latest revision.
    public var heldRevision: Int64 { content.revision }
    /// Whether members held different data when it was taken.
    public var isInDoubt: Bool { !doubt.isEmpty }
}

extension EtcdBackup: Retainable {
    /// The name of the record.
    public var name: String { metadata.name }
    /// When it ended, as its manifest says.
    public var finishTime: Timestamp { status.completionTime ?? Timestamp(secondsSinceEpoch: 0) }
    /// The revision it holds; none is less than any.
    public var heldRevision: Int64 { status.revision ?? 0 }
}

/// Which backups stay and which go, decided from their figures alone.
///
/// Backups are ordered by the time they were finished and then by revision, both as numbers; names play no part. The
/// newest is never removed, nor is the one with the highest revision, which is another one if a clock was set back, nor
/// the newest against whose data nothing speaks: of members that differ, others may come for weeks.
public struct RetentionPlan<Backup: Retainable>: Sendable, Equatable {
    /// Why a backup stays.
    public enum Reason: Sendable, Hashable, CustomStringConvertible {
        /// It is the newest there is.
        case newest
        /// It is one of the newest ones that the policy keeps.
        case keepLast
        /// It is the last one of an hour, a day and so on of which the policy keeps one.
        case last(RetentionPeriod)
        /// It holds the highest revision there is.
        case highestRevision
        /// It is the newest against whose data nothing speaks.
        case newestUndoubted

        /// The reason in words.
        public var description: String {
            switch self {
            case .newest: "the newest"
            case .keepLast: "one of the newest"
            case .last(let period): "the last of its \(period.rawValue)"
            case .highestRevision: "the highest revision"
            case .newestUndoubted: "the newest that is not in doubt"
            }
        }
    }

    /// A backup that stays.
    public struct Kept: Sendable, Equatable {
        /// The backup.
        public let backup: Backup
        /// All reasons, the strongest first.
        public let reasons: [Reason]
    }

    /// What stays, newest first.
    public let kept: [Kept]
    /// What goes, oldest first, so that an interruption leaves the better ones.
    public let removed: [Backup]

    /// Decides about good backups, given in any order; what is incomplete or damaged is not to be given.
    public init(of backups: [Backup], policy: RetentionPolicy) {
        let newestFirst = backups.sorted { $1.isOlder(than: $0) }
        let highestRevision = newestFirst.map(\.heldRevision).max()
        let highest = newestFirst.firstIndex { $0.heldRevision == highestRevision }
        let undoubted = newestFirst.firstIndex { !$0.isInDoubt }
        var open = policy.periods
        var latest: [RetentionPeriod: Int64] = [:]
        var kept: [Kept] = []
        var removed: [Backup] = []
        for (index, backup) in newestFirst.enumerated() {
            var reasons: [Reason] = index == 0 ? [.newest] : []
            if index < policy.keepLast { reasons.append(.keepLast) }
            for period in RetentionPeriod.allCases {
                let number = period.number(of: backup.finishTime)
                guard let count = open[period], count > 0, latest[period] != number else { continue }
                latest[period] = number
                open[period] = count - 1
                reasons.append(.last(period))
            }
            if index == highest, index > 0 { reasons.append(.highestRevision) }
            if index == undoubted, index > 0 { reasons.append(.newestUndoubted) }
            if reasons.isEmpty {
                removed.append(backup)
            } else {
                kept.append(Kept(backup: backup, reasons: reasons))
            }
        }
        self.kept = kept
        self.removed = removed.reversed()
    }
}
