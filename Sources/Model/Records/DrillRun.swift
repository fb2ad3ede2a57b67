/// Where a drill stands; each step is written down before it is taken.
public enum DrillStep: String, Choice {
    /// What is to be restored is decided; nothing is made yet.
    case preparing = "Preparing"
    /// A new cluster is being made of the backup.
    case restoring = "Restoring"
    /// The result is on record and what was made is being removed.
    case cleaning = "Cleaning"
}

/// The drill of a cluster that is under way.
public struct DrillRun: Structure {
    /// The EtcdCluster that is made for the drill, and goes with it.
    public var cluster = ""
    /// The EtcdBackup that is restored.
    public var backup = ""
    /// The revision to which the change log is replayed behind the backup; nil where the backup alone is restored.
    public var revision: Int64?
    /// The newest request that it answers; empty for one by schedule.
    public var request = ""
    /// Where it stands.
    public var step = DrillStep.preparing
    /// The same in a sentence.
    public var message = ""
    /// How much of everything is done, in percent.
    public var progress: Int64 = 0
    /// When it began.
    public var startTime: Timestamp?
    /// The etcd version to restore with.
    public var version = ""
    /// When the new cluster's record was made, to the millisecond.
    public var recordTime: Timestamp?
    /// When each phase of the restore was first seen, to the millisecond, by its name.
    public var phases: [String: Timestamp] = [:]
    /// Since when something stands in the way.
    public var troubleTime: Timestamp?

    /// Creates an empty run.
    public init() {}

    /// The fields.
    public static let fields: [Field<DrillRun>] = [
        Field("cluster", \.cluster, "The EtcdCluster that is made for the drill, and goes with it."),
        Field("backup", \.backup, "The EtcdBackup that is restored."),
        Field(
            "revision", \.revision,
            "The revision to which the change log is replayed behind the backup; none where the backup alone is restored."
        ),
        Field("request", \.request, "The newest request that it answers; empty for one by schedule."),
        Field("step", \.step, "Where it stands: Preparing, Restoring or Cleaning."),
        Field("message", \.message, "The same in a sentence."),
        Field("progress", \.progress, "How much of everything is done, in percent."),
        Field("startTime", \.startTime, "When it began."),
        Field("version", \.version, "The etcd version to restore with."),
        Field("recordTime", \.recordTime, "When the new cluster's record was made, to the millisecond."),
        Field("phases", \.phases, "When each phase of the restore was first seen, to the millisecond, by its name."),
        Field("troubleTime", \.troubleTime, "Since when something stands in the way."),
    ]
}
