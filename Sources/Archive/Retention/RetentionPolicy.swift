public import Model

/// How many backups of a cluster are kept, by count and by calendar.
public struct RetentionPolicy: Sendable, Hashable {
    /// The number of newest backups to keep; whatever it says, the newest is kept.
    public var keepLast: Int
    /// Of how many hours, days and so on the last backup is kept.
    public var periods: [RetentionPeriod: Int]

    /// Makes a policy.
    public init(keepLast: Int, periods: [RetentionPeriod: Int] = [:]) {
        self.keepLast = keepLast
        self.periods = periods
    }

    /// The policy that a record declares.
    public init(_ retention: BackupRetention) {
        self.init(
            keepLast: retention.keepLast,
            periods: [
                .hour: retention.hourly, .day: retention.daily, .week: retention.weekly, .month: retention.monthly,
                .year: retention.yearly,
            ])
    }
}

/// A stretch of the calendar in UTC of which the last backup can be kept.
public enum RetentionPeriod: String, Sendable, CaseIterable {
    /// From minute 0 to minute 59.
    case hour
    /// From midnight to midnight.
    case day
    /// From Monday to Sunday, as ISO 8601 counts weeks.
    case week
    /// A month of the calendar.
    case month
    /// A year of the calendar.
    case year

    /// A number that two moments share if they lie in the same stretch, and that grows with time.
    func number(of moment: Timestamp) -> Int64 {
        let date = CivilDate(secondsSinceEpoch: moment.secondsSinceEpoch)
        let days = CivilDate.daysSinceEpoch(year: date.year, month: date.month, day: date.day)
        return switch self {
        case .hour: days * 24 + date.hour
        case .day: days
        // Day 0 was a Thursday. Moments before 1970 are no backups.
        case .week: (days + 3) / 7
        case .month: date.year * 12 + date.month
        case .year: date.year
        }
    }
}
