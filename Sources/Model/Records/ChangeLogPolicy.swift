/// Whether every change between backups is stored, so that any moment can be brought back.
public struct ChangeLogPolicy: Structure {
    /// How long changes wait before they are stored: what could be lost together with all members.
    public var interval = Duration.seconds(5)

    /// Creates the default.
    public init() {}

    /// The fields.
    public static let fields: [Field<ChangeLogPolicy>] = [
        Field(
            "interval", \.interval,
            "How long changes wait before they are stored: what could be lost together with all members.",
            .between(.seconds(1), .seconds(3600)))
    ]
}

/// How far the change log of a cluster is.
public struct ChangeLogStatus: Structure {
    /// The revision of the oldest backup that the log can be replayed from; what lies before it was removed.
    public var firstRevision: Int64?
    /// The last revision that is stored.
    public var revision: Int64?
    /// The time up to which everything is stored that happened.
    public var time: Timestamp?
    /// From when on it has no gap.
    public var sinceTime: Timestamp?
    /// What stands in the way; empty if nothing does.
    public var message = ""
    /// When changes were missed, if a new backup is needed because of that.
    public var gapTime: Timestamp?
    /// When the recording last ended.
    public var endTime: Timestamp?
    /// Where the log is.
    public var storage: BackupStorageSpec?
    /// The incarnation of the cluster that is recorded.
    public var incarnation = ""

    /// Creates an empty status.
    public init() {}

    /// The fields.
    public static let fields: [Field<ChangeLogStatus>] = [
        Field("firstRevision", \.firstRevision, "The revision of the oldest backup that the log can be replayed from."),
        Field("revision", \.revision, "The last revision that is stored."),
        Field("time", \.time, "The time up to which everything is stored that happened."),
        Field("sinceTime", \.sinceTime, "From when on it has no gap."),
        Field("message", \.message, "What stands in the way; empty if nothing does."),
        Field("gapTime", \.gapTime, "When changes were missed, if a new backup is needed because of that."),
        Field("endTime", \.endTime, "When the recording last ended."),
        Field("storage", \.storage, "Where the log is."),
        Field("incarnation", \.incarnation, "The incarnation of the cluster that is recorded."),
    ]
}
