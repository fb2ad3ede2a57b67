/// The backup a new cluster begins with; exactly one way to name it.
///
/// Fixed when the record is made: a cluster begins once.
public struct ClusterRestore: Structure {
    /// An EtcdBackup of the same namespace.
    public var backupRef: LocalReference?
    /// A place where backups are, with `cluster` and `backup` or `latest`.
    public var storage: BackupStorageSpec?
    /// The cluster whose backup it is, as its record was called; only with `storage`.
    public var cluster: BackedUpCluster?
    /// The name of the backup in the storage.
    public var backup: String?
    /// Whether to take the newest backup of the cluster in the storage.
    public var latest = false

    /// Where the keys of encrypted bytes are; what the EtcdBackup says if not given.
    public var encryption: BackupEncryption?

    /// Creates the default.
    public init() {}

    /// The fields.
    public static let fields: [Field<ClusterRestore>] = [
        Field("backupRef", \.backupRef, "An EtcdBackup of the same namespace to begin with."),
        Field("storage", \.storage, "Where the backup is, if no record knows it; needs cluster, and backup or latest."),
        Field("cluster", \.cluster, "The cluster whose backup it is, as its record was called."),
        Field("backup", \.backup, "The name of the backup in the storage.", .nonEmpty),
        Field("latest", \.latest, "Whether to take the newest backup of the cluster in the storage."),
        Field(
            "encryption", \.encryption, "Where the keys of encrypted bytes are; what the EtcdBackup says if not given."),
    ]

    func validate(at path: FieldPath) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        func problem(_ field: String, _ reason: FieldProblem.Reason, _ message: String) {
            problems.append(FieldProblem(path.appending(field), reason, message))
        }
        guard backupRef == nil else {
            let others = [("storage", storage != nil), ("cluster", cluster != nil), ("backup", backup != nil)]
            for (field, isGiven) in others + [("latest", latest)] where isGiven {
                problem(field, .forbidden, "backupRef names the backup already; keep one of the two")
            }
            return problems
        }
        guard storage != nil else {
            problem("backupRef", .required, "must be given, or storage with cluster and backup or latest")
            return problems
        }
        problems += storage?.validate(at: path.appending("storage")) ?? []
        if cluster == nil { problem("cluster", .required, "must be given: whose backup to take from the storage") }
        switch (backup, latest) {
        case (nil, false): problem("backup", .required, "must be given, or latest: true")
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
