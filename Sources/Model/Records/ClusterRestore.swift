/// The backup a new cluster begins with, exactly one way to name it, and how far to go on from there by its change log.
///
/// Fixed when the record is made: a cluster begins once.
public struct ClusterRestore: Structure {
    /// An EtcdMigration of the same namespace that fills the cluster from another one.
    public var migrationRef: LocalReference?
    /// An EtcdBackup of the same namespace.
    public var backupRef: LocalReference?
    /// A place where backups are, with `cluster` and `backup` or `latest`.
    public var storage: BackupStorageSpec?
    /// The cluster whose backup it is, as its record was called; only with `storage`.
    public var cluster: BackedUpCluster?
    /// The name of the backup in the storage.
    public var backup: String?
    /// Whether to take the newest state there is of the cluster in the storage.
    public var latest = false
    /// The revision to bring back, by the change log behind a backup.
    public var revision: Int64?
    /// The moment whose state to bring back, by the change log behind a backup.
    public var time: Timestamp?
    /// By how many revisions the new cluster is ahead of the state it begins with, whose history is compacted then.
    public var revisionBump: Int64?

    /// Where the keys of encrypted bytes are; what the EtcdBackup says if not given.
    public var encryption: BackupEncryption?

    /// Creates the default.
    public init() {}

    /// The fields.
    public static let fields: [Field<ClusterRestore>] = [
        Field(
            "migrationRef", \.migrationRef,
            "An EtcdMigration of the same namespace that fills the cluster from another one; set by the migration."),
        Field("backupRef", \.backupRef, "An EtcdBackup of the same namespace to begin with."),
        Field("storage", \.storage, "Where the backup is, if no record knows it; needs cluster, and backup or latest."),
        Field("cluster", \.cluster, "The cluster whose backup it is, as its record was called."),
        Field("backup", \.backup, "The name of the backup in the storage.", .nonEmpty),
        Field(
            "latest", \.latest,
            "Whether to take the newest state in the storage: the newest backup, and the change log behind it."),
        Field(
            "revision", \.revision, "The revision to bring back; needs a change log behind an earlier backup.",
            .range(1...Int64.max)),
        Field(
            "time", \.time,
            "The moment whose state to bring back, as 2026-11-21T14:00:00Z; needs a change log behind an earlier backup."
        ),
        Field(
            "revisionBump", \.revisionBump,
            "By how many revisions the new cluster counts on later, with all before compacted, so that clients that have "
                + "seen later revisions of the old cluster read again; for clusters that serve Kubernetes.",
            .range(1...1_000_000_000_000)),
        Field(
            "encryption", \.encryption, "Where the keys of encrypted bytes are; what the EtcdBackup says if not given."),
    ]

    func validate(at path: FieldPath) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        func problem(_ field: String, _ reason: FieldProblem.Reason, _ message: String) {
            problems.append(FieldProblem(path.appending(field), reason, message))
        }
        if revision != nil, time != nil {
            problem("time", .forbidden, "revision names the state already; keep one of the two")
        }
        guard migrationRef == nil else {
            var plain = ClusterRestore()
            plain.migrationRef = migrationRef
            if self != plain {
                problem("migrationRef", .forbidden, "a migration says where the data comes from; keep nothing else")
            }
            return problems
        }
        guard backupRef == nil else {
            let others = [("storage", storage != nil), ("cluster", cluster != nil), ("backup", backup != nil)]
            for (field, isGiven) in others + [("latest", latest)] where isGiven {
                problem(field, .forbidden, "backupRef names the backup already; keep one of the two")
            }
            return problems
        }
        guard storage != nil else {
            problem(
                "backupRef", .required, "must be given, or storage with cluster and backup, latest, revision or time")
            return problems
        }
        problems += storage?.validate(at: path.appending("storage")) ?? []
        if cluster == nil { problem("cluster", .required, "must be given: whose backup to take from the storage") }
        let isPoint = revision != nil || time != nil
        switch (backup, latest) {
        case (nil, false) where !isPoint:
            problem("backup", .required, "must be given, or latest: true, or revision, or time")
        case (_, true) where isPoint:
            problem(
                "latest", .forbidden,
                "\(revision == nil ? "time" : "revision") names the state already; keep one of the two")
        case (.some, true): problem("latest", .forbidden, "backup names one already; keep one of the two")
        default: break
        }
        return problems
    }
}

/// A cluster whose backups lie in a storage, as its record was called when they were made.
public struct BackedUpCluster: Structure {
    /// The namespace; that of the new cluster if not given.
    public var namespace: String?
    /// The name.
    public var name = ""
    /// The incarnation; needed where the storage holds backups of several.
    public var incarnation: String?

    /// Creates an empty name.
    public init() {}

    /// The fields.
    public static let fields: [Field<BackedUpCluster>] = [
        Field("namespace", \.namespace, "The namespace; that of the new cluster if not given.", .nonEmpty),
        Field("name", \.name, "The name of the cluster.", required: true, .nonEmpty),
        Field(
            "incarnation", \.incarnation, "The incarnation; needed where the storage holds backups of several.",
            .nonEmpty),
    ]
}
