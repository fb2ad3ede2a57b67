/// Where a restore stands; each is written down before its work begins.
public enum RestorePhase: String, Choice {
    /// The backup is looked for.
    case pending = "Pending"
    /// The backup is copied here and proven byte by byte.
    case fetching = "Fetching"
    /// Each member's data directory is made of it and proven, none of them started.
    case restoring = "Restoring"
    /// The members run where nobody looks for them.
    case starting = "Starting"
    /// The members run where nobody looks for them and take what a migration brings.
    case following = "Following"
    /// The members get the addresses they will serve at, and go on taking what a migration brings.
    case opening = "Opening"
    /// The members have answered and are stopped again to prove what they left on their disks.
    case proving = "Proving"
    /// The members are proven and serve.
    case succeeded = "Succeeded"
    /// It was given up, and no member is started.
    case failed = "Failed"
}

/// How a new cluster was made of a backup.
public struct ClusterRestoreStatus: Structure {
    /// Where the restore stands.
    public var phase = RestorePhase.pending
    /// The phase in a sentence.
    public var message = ""
    /// How much of everything is done, in percent.
    public var progress: Int64 = 0
    /// The storage, with every default filled in.
    public var storage: BackupStorageSpec?
    /// The cluster whose backup it is.
    public var cluster: BackedUpCluster?
    /// The name of the backup in the storage.
    public var backup = ""
    /// Where the keys of its bytes are, if they are encrypted.
    public var encryption: BackupEncryption?
    /// Client URLs under which the members are reached until they are proven, by member.
    public var fence: [String: String] = [:]
    /// The revision of the backup itself, where the change log was replayed behind it.
    public var backupRevision: Int64?
    /// By how many revisions it was put ahead of the state it begins with.
    public var revisionBump: Int64?
    /// The revision the cluster begins with.
    public var revision: Int64?
    /// The revision below which its history was compacted away.
    public var compactRevision: Int64?
    /// The number of live keys.
    public var keys: Int64?
    /// The number of leases.
    public var leases: Int64?
    /// etcd's HashKV at the revision, equal on every member.
    public var hashKV: Int64?
    /// The size of the database file.
    public var size: ByteCount?
    /// The version of the member that the backup was taken from.
    public var etcdVersion = ""
    /// Whether requests need a user.
    public var authEnabled = false
    /// Which filling by its migration this is; each has a number.
    public var seeding: Int64 = 0
    /// Whether the members run at the addresses they will serve at.
    public var isOpen = false
    /// How often the present phase failed and was tried again.
    public var failures: Int64 = 0
    /// When it began.
    public var startTime: Timestamp?
    /// When it ended.
    public var completionTime: Timestamp?

    /// Creates an empty status.
    public init() {}

    /// The fields.
    public static let fields: [Field<ClusterRestoreStatus>] = [
        Field("phase", \.phase, "Where the restore stands."),
        Field("message", \.message, "The phase in a sentence."),
        Field("progress", \.progress, "How much of everything is done, in percent."),
        Field("storage", \.storage, "The storage, with every default filled in."),
        Field("cluster", \.cluster, "The cluster whose backup it is."),
        Field("backup", \.backup, "The name of the backup in the storage."),
        Field("encryption", \.encryption, "Where the keys of its bytes are, if they are encrypted."),
        Field("fence", \.fence, "Client URLs by member until all is proven; for nobody but the controller."),
        Field(
            "backupRevision", \.backupRevision,
            "The revision of the backup itself, where the change log was replayed behind it."),
        Field(
            "revisionBump", \.revisionBump, "By how many revisions it was put ahead of the state it begins with."),
        Field("revision", \.revision, "The revision the cluster begins with."),
        Field("compactRevision", \.compactRevision, "The revision below which its history was compacted away."),
        Field("keys", \.keys, "The number of live keys."),
        Field("leases", \.leases, "The number of leases."),
        Field("hashKV", \.hashKV, "etcd's HashKV at the revision, equal on every member."),
        Field("size", \.size, "The size of the database file."),
        Field("etcdVersion", \.etcdVersion, "The version of the member the backup was taken from."),
        Field("authEnabled", \.authEnabled, "Whether requests need a user."),
        Field("seeding", \.seeding, "Which filling by its migration this is."),
        Field("isOpen", \.isOpen, "Whether the members run at the addresses they will serve at."),
        Field("failures", \.failures, "How often the present phase failed and was tried again."),
        Field("startTime", \.startTime, "When it began."),
        Field("completionTime", \.completionTime, "When it ended."),
    ]
}
