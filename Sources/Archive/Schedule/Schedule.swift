public import Model

/// When backups are due: again and again after an interval, or at the times of a cron line, in UTC.
public enum Schedule: Sendable, Hashable {
    /// So long after the last one.
    case every(Duration)
    /// At the times of a cron line.
    case cron(CronLine)

    /// The next due time after a moment; nil if there is none, as for the 30th of February.
    ///
    /// Counted from the last backup, a time that was missed is due at once, and several that were missed are due once.
    public func next(after last: Timestamp) -> Timestamp? {
        switch self {
        case .every(let interval): last + interval
        case .cron(let line): line.next(after: last)
        }
    }
}

/// A cron line that is none.
public struct ScheduleError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The line as it was given.
    public let line: String
    /// What is wrong with it, as a clause without a full stop.
    public let detail: String

    /// A sentence that names the line and what would be right.
    public var description: String {
        "the schedule \"\(line)\" is wrong: \(detail); "
            + "write minute, hour, day of month, month and day of week, such as \"30 2 * * 1-5\"."
    }
}
