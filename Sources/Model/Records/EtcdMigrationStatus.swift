/// Where a migration stands; each phase is written down before its work begins.
public enum MigrationPhase: String, Choice {
    /// Both ends are looked at, and what stands in the way is named.
    case preflight = "Preflight"
    /// The destination is filled with what the source holds.
    case seeding = "Seeding"
    /// The destination follows the source.
    case replaying = "Replaying"
    /// The destination has caught up and was proven.
    case ready = "Ready"
    /// The destination gets the addresses and flags it will serve with.
    case opening = "Opening"
    /// The source is frozen, the last changes are brought over, and both ends are proven.
    case cutOver = "CutOver"
    /// The destination serves.
    case completed = "Completed"
    /// It was given up, and everything was put back.
    case failed = "Failed"
    /// It was cancelled, and everything was put back.
    case cancelled = "Cancelled"
    /// After the cut-over the source was given its writers back.
    case rolledBack = "RolledBack"

    /// Whether nothing follows by itself.
    public var isOver: Bool { [.completed, .failed, .cancelled, .rolledBack].contains(self) }
}

/// How far a migration is.
public struct EtcdMigrationStatus: Structure {
    /// Where it stands.
    public var phase = MigrationPhase.preflight
    /// The phase in a sentence.
    public var message = ""
    /// How much of the first filling is done, in percent.
    public var progress: Int64 = 0
    /// The generation of the spec that was last used.
    public var observedGeneration: Int64?
    /// etcd's identity of the source; what answers with another is not it.
    public var sourceClusterID = ""
    /// etcd's identity of the destination.
    public var destinationClusterID = ""
    /// The uid of the destination's record.
    public var destinationUID = ""
    /// The source's revision behind which every change is kept for the destination.
    public var recordedAfter: Int64?
    /// How often the destination was filled anew; each has a number.
    public var seeding: Int64 = 0
    /// Why it was filled anew the last time.
    public var reseedReason = ""
    /// How often it was filled anew since the destination last was equal for an hour on end.
    public var refills: Int64 = 0
    /// When the newest filling began or will begin; missing where it need not wait.
    public var nextFillTime: Timestamp?
    /// The source's revision that the destination has reached.
    public var applied: Int64?
    /// The source's newest revision.
    public var sourceRevision: Int64?
    /// How many revisions the destination is behind.
    public var lagRevisions: Int64?
    /// For how long the oldest change that is not at the destination has been at the source.
    public var lag: Duration?
    /// How many revisions or keys a second the destination takes.
    public var rate: Int64?
    /// Keys that were copied.
    public var keys: Int64?
    /// Since when the source may be frozen by us; written before it is.
    public var freezeTime: Timestamp?
    /// The member ID of the alarm that freezes the source, in hexadecimal; empty where it is not frozen by an alarm, and
    /// for a freeze of before each migration had its own.
    public var freezeTag = ""
    /// The revision the source was frozen at.
    public var frozenRevision: Int64?
    /// How long the source took no writes before the destination could.
    public var pause: Duration?
    /// How often the cut-over was tried and put back.
    public var cutoverFailures: Int64 = 0
    /// When the next cut-over is tried.
    public var nextCutoverTime: Timestamp?
    /// The newest comparison of both ends.
    public var proof: MigrationProof?
    /// Until when goal RolledBack is accepted; missing where there is no way back.
    public var rollbackUntil: Timestamp?
    /// The flag that makes a Kubernetes API server use the destination for the part that was moved.
    public var apiServerFlag = ""
    /// How many keys that had moved were removed from the source; missing until all are.
    public var removedKeys: Int64?
    /// When it began.
    public var startTime: Timestamp?
    /// When it ended.
    public var completionTime: Timestamp?
    /// How often the present phase failed and was tried again.
    public var failures: Int64 = 0
    /// The aspects of the migration's state.
    public var conditions: [Condition] = []

    /// Creates an empty status.
    public init() {}

    /// The fields.
    public static let fields: [Field<EtcdMigrationStatus>] = [
        Field("phase", \.phase, "Where it stands."),
        Field("message", \.message, "The phase in a sentence."),
        Field("progress", \.progress, "How much of the first filling is done, in percent."),
        Field("observedGeneration", \.observedGeneration, "The generation of the spec that was last used."),
        Field("sourceClusterID", \.sourceClusterID, "etcd's identity of the source."),
        Field("destinationClusterID", \.destinationClusterID, "etcd's identity of the destination."),
        Field("destinationUID", \.destinationUID, "The uid of the destination's record."),
        Field(
            "recordedAfter", \.recordedAfter,
            "The source's revision behind which every change is kept for the destination."),
        Field("seeding", \.seeding, "How often the destination was filled anew."),
        Field("reseedReason", \.reseedReason, "Why it was filled anew the last time."),
        Field(
            "refills", \.refills,
            "How often it was filled anew since the destination last was equal for an hour on end."),
        Field(
            "nextFillTime", \.nextFillTime,
            "When the newest filling began or will begin; missing where it need not wait."),
        Field("applied", \.applied, "The source's revision that the destination has reached."),
        Field("sourceRevision", \.sourceRevision, "The source's newest revision."),
        Field("lagRevisions", \.lagRevisions, "How many revisions the destination is behind."),
        Field(
            "lag", \.lag, "For how long the oldest change that is not at the destination has been at the source."),
        Field("rate", \.rate, "How many revisions or keys a second the destination takes."),
        Field("keys", \.keys, "Keys that were copied."),
        Field("freezeTime", \.freezeTime, "Since when the source may be frozen by us."),
        Field("freezeTag", \.freezeTag, "The member ID of the alarm that freezes the source, in hexadecimal."),
        Field("frozenRevision", \.frozenRevision, "The revision the source was frozen at."),
        Field("pause", \.pause, "How long the source took no writes before the destination could."),
        Field("cutoverFailures", \.cutoverFailures, "How often the cut-over was tried and put back."),
        Field("nextCutoverTime", \.nextCutoverTime, "When the next cut-over is tried."),
        Field("proof", \.proof, "The newest comparison of both ends."),
        Field(
            "rollbackUntil", \.rollbackUntil,
            "Until when goal RolledBack is accepted; missing where there is no way back."),
        Field(
            "apiServerFlag", \.apiServerFlag,
            "The flag that makes a Kubernetes API server use the destination for the part that was moved."),
        Field("removedKeys", \.removedKeys, "How many keys that had moved were removed from the source."),
        Field("startTime", \.startTime, "When it began."),
        Field("completionTime", \.completionTime, "When it ended."),
        Field("failures", \.failures, "How often the present phase failed and was tried again."),
        Field("conditions", \.conditions, "The aspects of the migration's state.", .keyed(by: "type")),
    ]
}
