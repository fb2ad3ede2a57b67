import Model

/// How soon a destination is filled anew, when that is told as trouble, and when it is forgotten.
///
/// What makes a filling necessary (the source compacted what was needed, changes that are missing, somebody else who
/// writes to the destination) may end at any time, and no number of attempts proves that it will not. So going on is
/// never given up; but each filling reads the whole source and puts the former one's files aside, so it waits longer
/// each time.
enum MigrationRefill {
    /// From how many on it is a condition, and news in the report.
    static let limit: Int64 = 3
    /// The longest time between the end of one filling and the beginning of the next.
    static let longestPause = Duration.seconds(1800)
    /// For how long the destination must have been equal for what was before to be history.
    static let calm = Duration.seconds(3600)

    /// How long a filling waits that was asked for so often: the first one not at all.
    static func pause(before refill: Int64) -> Duration {
        guard refill > 1 else { return .zero }
        return min(longestPause, .seconds(10 << min(refill - 2, 20)))
    }

    /// Whether what was before is history: the destination has been equal for an hour on end.
    static func isHistory(_ status: EtcdMigrationStatus, at now: Timestamp) -> Bool {
        guard let proven = status.conditions[.proven], proven.status == .true, let since = proven.lastTransitionTime
        else { return false }
        return now - since >= calm
    }

    /// What people and programs are told; nil where it was never filled anew.
    static func condition(_ status: EtcdMigrationStatus) -> Condition? {
        guard status.refills > 0 || status.conditions[.steady] != nil else { return nil }
        guard status.refills >= limit, !status.phase.isOver else {
            return Condition(
                .steady, .true, reason: status.refills > 0 ? "FilledAnew" : "Steady",
                message: status.refills > 0
                    ? "filled anew, times: \(status.refills); the last reason: \(status.reseedReason)"
                    : "not filled anew since the destination was equal for an hour")
        }
        let next = status.nextFillTime.map { "; the newest filling is due at \($0)" } ?? ""
        return Condition(
            .steady, .false, reason: "FilledAnewRepeatedly",
            message: "filled anew \(status.refills) times since it last was equal for an hour; the last reason: "
                + "\(status.reseedReason)\(next)")
    }
}
