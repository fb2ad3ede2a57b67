import Archive
import Model

/// When the next backup of a cluster is due: a pure function of its policy and of the backups there are.
struct BackupSchedulePlan {
    /// The first wait after a failed backup; it doubles with each further one.
    static let firstRetry = Duration.seconds(30)
    /// The longest wait after failed backups.
    static let longestRetry = Duration.seconds(1800)

    /// The good backups, newest first, by time and then by revision.
    let good: [EtcdBackup]
    /// The scheduled backups that failed since the newest good one, newest first.
    let failed: [EtcdBackup]
    /// All scheduled backups that failed, newest first.
    let everFailed: [EtcdBackup]
    /// The backups that had succeeded and are no longer in their storage, newest first.
    let lost: [EtcdBackup]
    /// Whether a scheduled backup is under way.
    let isRunning: Bool
    /// Which part of the policy's jitter this cluster waits for, from 0 to 1.
    private let share: Double

    /// Whether none was made, tried or begun.
    var hasNone: Bool { good.isEmpty && failed.isEmpty && !isRunning }

    /// Sorts the backups of one incarnation of a cluster.
    init(_ backups: [EtcdBackup], incarnation: String) {
        share = Self.share(of: incarnation)
        let own = backups.filter { $0.metadata.deletionTimestamp == nil }
        let good = own.filter { $0.status.phase == .succeeded && $0.status.incarnation == incarnation }
            .sorted { Self.order($1) < Self.order($0) }
        self.good = good
        lost = own.filter { $0.status.phase == .lost && $0.status.incarnation == incarnation }
            .sorted { Self.order($1) < Self.order($0) }
        let scheduled = own.filter { $0.metadata.labels[EtcdBackup.scheduledLabel] == "true" }
        isRunning = scheduled.contains { $0.status.phase == .pending || $0.status.phase == .running }
        everFailed = scheduled.filter { $0.status.phase == .failed && $0.status.completionTime != nil }
            .sorted { Self.order($1) < Self.order($0) }
        failed = everFailed.filter { backup in
            guard let end = backup.status.completionTime else { return false }
            // Times are whole seconds; of two in the same one the failure counts, so that it is not hidden.
            return good.first?.status.completionTime.map { end >= $0 } ?? true
        }
    }

    private static func order(_ backup: EtcdBackup) -> (Timestamp, Int64, String) {
        (
            backup.status.completionTime ?? Timestamp(secondsSinceEpoch: 0), backup.status.revision ?? 0,
            backup.metadata.name
        )
    }

    /// When the next backup by schedule is due; nil while one is under way or none is wanted.
    func due(by policy: BackupPolicy, at now: Timestamp) -> Timestamp? {
        guard !policy.suspend, !isRunning else { return nil }
        var due = now
        // The first backup is made at once, whatever the schedule: until then nothing could be restored.
        if let last = good.first?.status.completionTime {
            if let interval = policy.interval {
                due = last + interval + delay(by: policy)
            } else if let cron = policy.schedule, let schedule = try? CronLine(cron) {
                let next = schedule.next(after: last) ?? Timestamp(secondsSinceEpoch: .max / 2_000_000_000)
                due = next + delay(by: policy)
            }
        }
        return max(due, retry(at: due))
    }

    private func delay(by policy: BackupPolicy) -> Duration { .seconds(Int64(policy.jitter.seconds * share)) }

    /// Spreads incarnations evenly and always in the same way: FNV-1a, whose upper bits SplitMix64's last step mixes.
    static func share(of incarnation: String) -> Double {
        let hash = incarnation.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        var mixed = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return Double((mixed ^ (mixed >> 31)) >> 11) / Double(1 << 53 as UInt64)
    }

    /// When the next attempt may be made: at once, or so long after the last failure.
    func retry(at time: Timestamp) -> Timestamp {
        guard let lastFailure = failed.first?.status.completionTime else { return time }
        let wait = Self.firstRetry * (1 << min(failed.count - 1, 6))
        return max(time, lastFailure + min(wait, Self.longestRetry))
    }

    /// The newest moment that can be brought back: the end of the log, or the newest backup.
    func recoverableTo(log: ChangeLogStatus?) -> Timestamp? {
        let backup = good.first?.status.startTime
        guard let log, log.gapTime == nil, let time = log.time,
            good.contains(where: { $0.status.storage == log.storage })
        else { return backup }
        return max(time, backup ?? time)
    }

    /// The state of the cluster's backups as its status shows it.
    func status(nextTime: Timestamp?) -> ClusterBackupStatus {
        var status = ClusterBackupStatus()
        if let newest = good.first {
            status.lastSuccessTime = newest.status.completionTime
            status.lastBackup = newest.metadata.name
            status.revision = newest.status.revision
            status.size = newest.status.size
        }
        status.kept = good.count
        status.recoverableFrom = good.last?.status.completionTime
        status.nextTime = nextTime?.wholeSeconds
        status.failures = failed.count
        status.lastError = failed.first?.status.message ?? ""
        return status
    }

    /// When a second backup in a row will have been missed, with a minute to make it.
    private static func overdue(after end: Timestamp, by policy: BackupPolicy) -> Timestamp {
        if let interval = policy.interval { return end + interval * 2 + policy.jitter * 2 + .seconds(60) }
        guard let line = policy.schedule, let schedule = try? CronLine(line), let first = schedule.next(after: end),
            let second = schedule.next(after: first)
        else { return Timestamp(secondsSinceEpoch: .max / 2_000_000_000) }
        return second + policy.jitter + .seconds(60)
    }

    /// Whether the newest good backup is as recent as the policy asks.
    func condition(by policy: BackupPolicy, at now: Timestamp) -> Condition {
        let failure = failed.first.map { "; the last attempt failed: \($0.status.message)" } ?? ""
        guard let newest = good.first, let end = newest.status.completionTime else {
            if let lost = lost.first {
                return Condition(
                    .backupReady, .false, reason: "BackupLost",
                    message: "there is no good backup; \(lost.metadata.name) is lost: "
                        + (lost.status.conditions[.stored]?.message ?? ""))
            }
            let message = failed.isEmpty ? "no backup has been made yet" : "there is no good backup\(failure)"
            return Condition(
                .backupReady, failed.isEmpty ? .unknown : .false, reason: failed.isEmpty ? "NoneYet" : "BackupFailed",
                message: message)
        }
        let age = now - end
        let message = "the newest good backup holds revision \(newest.status.revision ?? 0)"
        if policy.suspend {
            return Condition(.backupReady, .unknown, reason: "Suspended", message: "backups are suspended; \(message)")
        }
        if now > Self.overdue(after: end, by: policy) {
            let wanted =
                policy.interval.map { "one every \($0.goText)" } ?? "one by schedule \"\(policy.schedule ?? "")\""
            return Condition(
                .backupReady, .false, reason: "BackupOverdue",
                message: "\(message) and is \(age.ageText) old; \(wanted) is wanted\(failure)")
        }
        if let seen = newest.status.checkedTime, let stored = newest.status.conditions[.stored],
            stored.status == .unknown, now - seen > BackupPresence.trust
        {
            return Condition(
                .backupReady, .unknown, reason: "StorageUnavailable",
                message: "\(message), but was last seen \((now - seen).ageText) ago: \(stored.message)")
        }
        if failed.isEmpty, newest.isInDoubt {
            // It is there; whether it is what the cluster should hold, nobody can say.
            return Condition(
                .backupReady, .unknown, reason: "BackupInDoubt",
                message: "\(message), \(newest.status.conditions[.consistent]?.message ?? "")")
        }
        return failed.isEmpty
            ? Condition(.backupReady, .true, reason: "BackupSucceeded", message: message)
            : Condition(.backupReady, .false, reason: "BackupFailed", message: message + failure)
    }
}
