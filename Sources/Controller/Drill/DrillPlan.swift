import Archive
import Model

/// When the next drill of a cluster is due, and what the drills there were say: a pure function of policy and results.
struct DrillPlan {
    /// The first wait after a drill that could not be made; it doubles with each further one.
    static let firstRetry = Duration.seconds(300)
    /// The longest wait after drills that could not be made.
    static let longestRetry = Duration.seconds(3600)
    /// The wait after a drill that failed, before a newer backup is tried.
    static let afterFailure = Duration.seconds(60)
    /// How long a drill tells something where none are made by schedule.
    static let trust = Duration.seconds(30 * 86400)

    private static let never = Timestamp(secondsSinceEpoch: .max / 2_000_000_000)

    /// When drills are wanted; nil where none are made by schedule.
    let policy: DrillPolicy?
    /// What there was so far.
    let status: ClusterDrillStatus

    init(_ policy: DrillPolicy?, _ status: ClusterDrillStatus?) {
        self.policy = policy
        self.status = status ?? ClusterDrillStatus()
    }

    /// When the next drill by schedule is due; nil where none is wanted or there is nothing to restore.
    func due(newest: EtcdBackup?, at now: Timestamp) -> Timestamp? {
        guard let policy, !policy.suspend, let newest else { return nil }
        guard let last = status.history.first, let end = last.completionTime else { return now }
        switch last.verdict {
        case .passed: return next(after: end, by: policy)
        case .failed:
            // A newer backup may well be sound; to know that is worth more than the schedule.
            let isNewer = newest.metadata.name != last.backup && (newest.status.completionTime ?? end) > end
            return isNewer ? end + Self.afterFailure : next(after: end, by: policy)
        case .unknown:
            let inARow = status.history.prefix { $0.verdict == .unknown }.count
            return end + min(Self.firstRetry * (1 << min(inARow - 1, 8)), Self.longestRetry)
        }
    }

    private func next(after end: Timestamp, by policy: DrillPolicy) -> Timestamp {
        if let interval = policy.interval { return end + interval }
        guard let line = policy.schedule, let schedule = try? CronLine(line) else { return Self.never }
        return schedule.next(after: end) ?? Self.never
    }

    /// From when on the last drill that passed is too old: when a second one in a row will have been missed.
    var staleTime: Timestamp? {
        guard let end = status.lastSuccess?.completionTime else { return nil }
        guard let policy else { return end + Self.trust }
        return next(after: next(after: end, by: policy), by: policy)
    }

    /// Whether the backups can be restored, as far as drills tell; nil where none is wanted and none was made.
    func condition(at now: Timestamp) -> Condition? {
        guard policy != nil || !status.history.isEmpty else { return nil }
        let latest = status.history.first
        let unable = latest.flatMap { $0.verdict == .unknown ? $0 : nil }
        let note = unable.map { "; the last drill could not be made: \($0.message)" } ?? ""
        guard let proof = status.proof else {
            return Condition(
                .drilled, .unknown, reason: unable?.reason ?? "NoneYet",
                message: unable.map { "the drill could not be made: \($0.message)" } ?? "no drill was made yet")
        }
        // That nothing could be told since takes no failure back.
        if proof.verdict == .failed {
            return Condition(.drilled, .false, reason: "DrillFailed", message: proof.message + note)
        }
        let age = proof.completionTime.map { (now - $0).ageText } ?? ""
        if let unable {
            return Condition(
                .drilled, .unknown, reason: unable.reason, message: "\(proof.message), \(age) ago\(note)")
        }
        if let staleTime, now > staleTime {
            return Condition(
                .drilled, .unknown, reason: "DrillOverdue", message: "the last drill is \(age) old: \(proof.message)")
        }
        return Condition(.drilled, .true, reason: "DrillPassed", message: proof.message)
    }
}
