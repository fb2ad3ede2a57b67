/// How many backups are kept: the newest ones, and one for each of the last hours, days, weeks, months and years.
///
/// A backup stays if any of the rules keeps it. Hours, days, weeks (from Monday), months and years are those of UTC, and
/// only those count in which there was a backup, so that a cluster that stood still loses none.
public struct BackupRetention: Structure {
    /// The number of newest good backups to keep; the newest is always kept.
    public var keepLast = 7
    /// Of how many hours to keep the last backup.
    public var hourly = 0
    /// Of how many days to keep the last backup.
    public var daily = 0
    /// Of how many weeks to keep the last backup.
    public var weekly = 0
    /// Of how many months to keep the last backup.
    public var monthly = 0
    /// Of how many years to keep the last backup.
    public var yearly = 0

    /// Creates the default.
    public init() {}

    /// The fields.
    public static let fields: [Field<BackupRetention>] = [
        Field("keepLast", \.keepLast, "The number of newest good backups to keep.", .range(1...100_000)),
        Field("hourly", \.hourly, "Of how many hours to keep the last backup, in UTC.", .range(0...100_000)),
        Field("daily", \.daily, "Of how many days to keep the last backup, in UTC.", .range(0...100_000)),
        Field("weekly", \.weekly, "Of how many weeks, from Monday, to keep the last backup.", .range(0...100_000)),
        Field("monthly", \.monthly, "Of how many months to keep the last backup.", .range(0...100_000)),
        Field("yearly", \.yearly, "Of how many years to keep the last backup.", .range(0...100_000)),
    ]
}
