/// One backup of one cluster: where it should go, and where it is with what in it.
public struct EtcdBackup: SpecifiedResource {
    /// What records of the kind are for.
    public static let summary =
        "One backup of a cluster in a storage, verified when it was made; its manifest proves what it holds."

    /// The kind.
    public static let kind = Kind("EtcdBackup", plural: "etcdbackups", shortNames: ["eb"])
    /// The label of backups that a schedule made, which retention may remove.
    public static let scheduledLabel = "lodestone.dev/scheduled"
    /// The annotation by which a person asks for all stored bytes to be read and proven; each new value asks once.
    public static let verifyAnnotation = "lodestone.dev/verify"
    /// The annotation that says until when the storage itself keeps a backup that retention would remove.
    public static let keptUntilAnnotation = "lodestone.dev/kept-until"
    /// Identity, labels and history.
    public var metadata = ObjectMeta()
    /// What is wanted.
    public var spec = EtcdBackupSpec()
    /// What is.
    public var status = EtcdBackupStatus()

    /// Creates an empty record.
    public init() {}

    /// The fields.
    public static let fields: [Field<EtcdBackup>] = [
        Field("metadata", \.metadata, "Identity, labels and history."),
        Field("spec", \.spec, "Which cluster to back up, and where to.", required: true),
        Field("status", \.status, "The backup as it is, written by the controller."),
    ]

    /// The rules that join several fields.
    public func validate() -> [FieldProblem] { spec.storage?.validate(at: "spec.storage") ?? [] }

    /// The table.
    public static let columns: [Column<EtcdBackup>] = [
        Column("Cluster", "The cluster backed up.") { record in .string(record.spec.clusterRef.name) },
        Column("Phase", "Where the backup stands.") { record in .string(record.status.phase.rawValue) },
        Column("Revision", "The revision the backup holds.", type: .integer) { record in
            record.status.revision.map { .integer($0) } ?? .null
        },
        Column("Keys", "The number of live keys.", type: .integer) { record in
            record.status.keys.map { .integer($0) } ?? .null
        },
        Column("Size", "The size of the backup.") { record in
            record.status.size.map { .string($0.rounded) } ?? .null
        },
        .age,
        Column("Location", "Where the backup is.", wide: true) { record in .string(record.status.location) },
        Column("Hash", "etcd's HashKV of the backup's content.", wide: true) { record in
            record.status.hashKV.map { .integer($0) } ?? .null
        },
        Column("Message", "The phase in a sentence.", wide: true) { record in .string(record.status.message) },
    ]
}

/// A backup as it should be.
public struct EtcdBackupSpec: Structure {
    /// The cluster to back up.
    public var clusterRef = LocalReference()
    /// Where to put the backup; the cluster's own storage if not given.
    public var storage: BackupStorageSpec?
    /// How the stored bytes are made smaller; as the cluster's backups are if not given.
    public var compression: BackupCompression?
    /// Who can read the stored bytes; as with the cluster's backups if not given.
    public var encryption: BackupEncryption?
    /// What becomes of the stored bytes when the record is deleted.
    public var deletionPolicy = DeletionPolicy.retain

    /// Creates the default.
    public init() {}

    /// The fields.
    public static let fields: [Field<EtcdBackupSpec>] = [
        Field("clusterRef", \.clusterRef, "The cluster to back up.", required: true),
        Field("storage", \.storage, "Where to put the backup; the cluster's own storage if not given."),
        Field(
            "compression", \.compression,
            "How the stored bytes are made smaller: zstd or none; as the cluster's backups are if not given."),
        Field(
            "encryption", \.encryption, "Who can read the stored bytes; as with the cluster's backups if not given."),
        Field(
            "deletionPolicy", \.deletionPolicy,
            "What becomes of the stored bytes when the record is deleted: Retain or Delete."),
    ]
}

extension EtcdBackup {
    /// Whether members held different data when it was taken and nobody could say whose were right.
    public var isInDoubt: Bool { status.conditions[.consistent]?.status == .false }
}

/// Where a backup stands.
public enum BackupPhase: String, Choice {
    /// Not begun.
    case pending = "Pending"
    /// Bytes are flowing, or being verified.
    case running = "Running"
    /// The backup is stored, verified, and its manifest written.
    case succeeded = "Succeeded"
    /// It was given up; nothing of it is listed.
    case failed = "Failed"
    /// It had succeeded, but is no longer in its storage.
    case lost = "Lost"
}

/// A backup as it is.
public struct EtcdBackupStatus: Structure {
    /// Where the backup stands.
    public var phase = BackupPhase.pending
    /// The phase in a sentence.
    public var message = ""
    /// The generation of the spec that was last acted on.
    public var observedGeneration: Int64?
    /// How many times it was tried.
    public var attempts: Int64 = 0
    /// When it began.
    public var startTime: Timestamp?
    /// When it ended.
    public var completionTime: Timestamp?
    /// When it was last looked for in its storage, with a certain answer.
    public var checkedTime: Timestamp?
    /// When all its stored bytes were last read and proven to be what its manifest says.
    public var verifiedTime: Timestamp?
    /// The last request for that which was answered.
    public var verifyRequest = ""
    /// Bytes taken from the member so far.
    public var transferred: ByteCount?
    /// Bytes expected in all.
    public var expected: ByteCount?
    /// Where the backup is.
    public var location = ""
    /// The storage it goes to, as it was when the backup began; later changes of a cluster's policy do not move it.
    public var storage: BackupStorageSpec?
    /// How its bytes are made smaller, as it was decided when the backup began.
    public var compression: BackupCompression?
    /// Where the keys of its bytes are, as it was decided when the backup began.
    public var encryption: BackupEncryption?
    /// The name of the key its bytes are encrypted with.
    public var keyID = ""
    /// The size of the stored object.
    public var storedSize: ByteCount?
    /// The member it was taken from.
    public var member = ""
    /// The revision it holds.
    public var revision: Int64?
    /// The revision below which history was compacted away.
    public var compactRevision: Int64?
    /// The number of live keys.
    public var keys: Int64?
    /// The number of leases.
    public var leases: Int64?
    /// The size of the database file.
    public var size: ByteCount?
    /// SHA-256 of the database file, as the server sent and we verified it, in hexadecimal.
    public var sha256 = ""
    /// etcd's HashKV at the revision, computed from the file.
    public var hashKV: Int64?
    /// The version of the member.
    public var etcdVersion = ""
    /// etcd's own identity of the cluster, in hexadecimal.
    public var clusterID = ""
    /// The incarnation of the cluster.
    public var incarnation = ""
    /// The aspects of the backup's state.
    public var conditions: [Condition] = []

    /// Creates an empty status.
    public init() {}

    /// The fields.
    public static let fields: [Field<EtcdBackupStatus>] = [
        Field("phase", \.phase, "Where the backup stands."),
        Field("message", \.message, "The phase in a sentence."),
        Field("observedGeneration", \.observedGeneration, "The generation of the spec that was last acted on."),
        Field("attempts", \.attempts, "How many times it was tried."),
        Field("startTime", \.startTime, "When it began."),
        Field("completionTime", \.completionTime, "When it ended."),
        Field("checkedTime", \.checkedTime, "When it was last looked for in its storage, with a certain answer."),
        Field("verifiedTime", \.verifiedTime, "When all its stored bytes were last read and proven."),
        Field("verifyRequest", \.verifyRequest, "The last request for that which was answered."),
        Field("transferred", \.transferred, "Bytes taken from the member so far."),
        Field("expected", \.expected, "Bytes expected in all."),
        Field("location", \.location, "Where the backup is."),
        Field("storage", \.storage, "The storage it goes to, as it was when the backup began."),
        Field("compression", \.compression, "How its bytes are made smaller, as it was decided when the backup began."),
        Field("encryption", \.encryption, "Where the keys of its bytes are, as it was decided when the backup began."),
        Field("keyID", \.keyID, "The name of the key its bytes are encrypted with."),
        Field("storedSize", \.storedSize, "The size of the stored object, compressed and encrypted."),
        Field("member", \.member, "The member it was taken from."),
        Field("revision", \.revision, "The revision it holds, read from the file."),
        Field("compactRevision", \.compactRevision, "The revision below which history was compacted away."),
        Field("keys", \.keys, "The number of live keys, read from the file."),
        Field("leases", \.leases, "The number of leases, read from the file."),
        Field("size", \.size, "The size of the database file."),
        Field("sha256", \.sha256, "SHA-256 of the database file, verified against the server's."),
        Field("hashKV", \.hashKV, "etcd's HashKV at the revision, computed from the file."),
        Field("etcdVersion", \.etcdVersion, "The version of the member."),
        Field("clusterID", \.clusterID, "etcd's own identity of the cluster."),
        Field("incarnation", \.incarnation, "The incarnation of the cluster."),
        Field("conditions", \.conditions, "The aspects of the backup's state.", .keyed(by: "type")),
    ]
}

/// When a cluster is backed up, where to, and how much is kept.
public struct BackupPolicy: Structure {
    /// How often, counted from the last good backup.
    public var interval: Duration?
    /// When, as a cron line of five fields in UTC.
    public var schedule: String?
    /// By how much a backup may be later than due, so that many clusters are not backed up at once.
    public var jitter = Duration.zero
    /// Where backups go.
    public var storage = BackupStorageSpec()
    /// How the stored bytes are made smaller.
    public var compression = BackupCompression.zstd
    /// Who can read the stored bytes; nil leaves them readable for whoever can read the storage.
    public var encryption: BackupEncryption?
    /// How much is kept.
    public var retention = BackupRetention()
    /// Whether every change between backups is stored, too.
    public var log: ChangeLogPolicy?
    /// When the newest backup is restored on trial.
    public var drill: DrillPolicy?
    /// Whether to make no backups by schedule for now.
    public var suspend = false

    /// Creates the default.
    public init() {}

    /// The fields.
    public static let fields: [Field<BackupPolicy>] = [
        Field(
            "interval", \.interval, "How often to back up, counted from the last good backup.",
            .between(.seconds(10), .seconds(366 * 86400))),
        Field("schedule", \.schedule, "When to back up: a cron line of five fields, in UTC."),
        Field(
            "jitter", \.jitter,
            "By how much a backup may be later than due; each cluster has its own part of it, always the same.",
            .between(.zero, .seconds(86400))),
        Field("storage", \.storage, "Where backups go."),
        Field("compression", \.compression, "How the stored bytes are made smaller: zstd or none."),
        Field(
            "encryption", \.encryption,
            "Who can read the stored bytes; not given, whoever can read the storage can read them."),
        Field("retention", \.retention, "How much is kept."),
        Field(
            "log", \.log, "Whether every change between backups is stored, too; any moment can be brought back then."),
        Field("drill", \.drill, "When the newest backup is restored on trial, to prove that it can be."),
        Field("suspend", \.suspend, "Whether to make no backups by schedule for now."),
    ]

    func validate(at path: FieldPath) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        if interval != nil, schedule != nil {
            problems.append(
                FieldProblem(path.appending("schedule"), .forbidden, "interval is given too; keep one of the two"))
        }
        if interval == nil, schedule == nil {
            problems.append(FieldProblem(path, .required, "needs an interval or a schedule"))
        }
        if let interval, jitter > interval {
            problems.append(
                FieldProblem(
                    path.appending("jitter"), .invalid, "must not be longer than the interval \(interval.goText)"))
        }
        problems += drill?.validate(at: path.appending("drill")) ?? []
        return problems + storage.validate(at: path.appending("storage"))
    }
}
