/// What a drill has shown.
public enum DrillVerdict: String, Choice {
    /// The backup came back with every figure that it should have.
    case passed = "Passed"
    /// The backup did not come back.
    case failed = "Failed"
    /// The drill could not be made, which says nothing of the backup.
    case unknown = "Unknown"
}

/// One drill that is over.
public struct DrillResult: Structure {
    /// The EtcdBackup that was restored.
    public var backup = ""
    /// What was shown.
    public var verdict = DrillVerdict.unknown
    /// Why, in one word for programs.
    public var reason = ""
    /// Why, in a sentence.
    public var message = ""
    /// When it began.
    public var startTime: Timestamp?
    /// When it ended.
    public var completionTime: Timestamp?
    /// From the record of the new cluster to the last proof.
    public var recoveryTime: Duration?
    /// How long each phase of the restore took, by its name.
    public var phases: [String: Duration] = [:]
    /// The revision of the backup itself, where the change log was replayed behind it.
    public var backupRevision: Int64?
    /// The revision that came back.
    public var revision: Int64?
    /// The number of live keys that came back.
    public var keys: Int64?
    /// The number of leases that came back.
    public var leases: Int64?
    /// etcd's HashKV of what came back.
    public var hashKV: Int64?
    /// The size of the database that came back.
    public var size: ByteCount?
    /// The etcd version it came back on.
    public var version = ""
    /// The newest request that it answers; empty for one by schedule.
    public var request = ""

    /// Creates an empty result.
    public init() {}

    /// The fields.
    public static let fields: [Field<DrillResult>] = [
        Field("backup", \.backup, "The EtcdBackup that was restored."),
        Field("verdict", \.verdict, "What was shown: Passed, Failed, or Unknown if the drill could not be made."),
        Field("reason", \.reason, "Why, in one word."),
        Field("message", \.message, "Why, in a sentence."),
        Field("startTime", \.startTime, "When it began."),
        Field("completionTime", \.completionTime, "When it ended."),
        Field("recoveryTime", \.recoveryTime, "From the record of the new cluster to the last proof."),
        Field("phases", \.phases, "How long each phase of the restore took, by its name."),
        Field(
            "backupRevision", \.backupRevision,
            "The revision of the backup itself, where the change log was replayed behind it."),
        Field("revision", \.revision, "The revision that came back."),
        Field("keys", \.keys, "The number of live keys that came back."),
        Field("leases", \.leases, "The number of leases that came back."),
        Field("hashKV", \.hashKV, "etcd's HashKV of what came back."),
        Field("size", \.size, "The size of the database that came back."),
        Field("version", \.version, "The etcd version it came back on."),
        Field("request", \.request, "The newest request that it answers; empty for one by schedule."),
    ]
}
