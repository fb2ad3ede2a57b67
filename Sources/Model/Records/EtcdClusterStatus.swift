/// Where a cluster stands.
public enum ClusterPhase: String, Choice {
    /// Seen, nothing done yet.
    case pending = "Pending"
    /// Members are being started for the first time.
    case creating = "Creating"
    /// Members are being made of a backup; none serves before it is proven.
    case restoring = "Restoring"
    /// Every voting member serves.
    case running = "Running"
    /// Quorum serves, but not every member.
    case degraded = "Degraded"
    /// Quorum does not serve.
    case quorumLost = "QuorumLost"
    /// It cannot be told how the cluster is.
    case unknown = "Unknown"
    /// Something a person must change stands in the way.
    case failed = "Failed"
    /// The record is going.
    case deleting = "Deleting"
}

/// A cluster as it is.
public struct EtcdClusterStatus: Structure {
    /// Where the cluster stands.
    public var phase = ClusterPhase.pending
    /// The generation of the spec that was last fully acted on.
    public var observedGeneration: Int64?
    /// etcd's own identity of the cluster, in hexadecimal.
    public var clusterID = ""
    /// A token unique to this incarnation of the cluster; its members' data and backups carry it.
    public var incarnation = ""
    /// The etcd version; the lowest where members differ.
    public var version = ""
    /// The name of the leading member.
    public var leader = ""
    /// The newest revision seen.
    public var revision: Int64?
    /// The number of voting members that serve linearizable reads.
    public var readyMembers = 0
    /// The members, by name.
    public var members: [MemberStatus] = []
    /// When the members were last looked at.
    public var observedTime: Timestamp?
    /// The state of backups.
    public var backup: ClusterBackupStatus?
    /// How the cluster was made of a backup, if it was.
    public var restore: ClusterRestoreStatus?
    /// What drills have shown of its backups.
    public var drill: ClusterDrillStatus?
    /// What the inspections last found.
    public var inspections: [InspectionSummary] = []
    /// The aspects of the cluster's state.
    public var conditions: [Condition] = []
    /// What was last done to the cluster.
    public var lastOperation: LastOperation?
    /// The newest errors, newest first, at most ten.
    public var lastErrors: [RecordedError] = []

    /// Creates an empty status.
    public init() {}

    /// The fields.
    public static let fields: [Field<EtcdClusterStatus>] = [
        Field("phase", \.phase, "Where the cluster stands."),
        Field("observedGeneration", \.observedGeneration, "The generation of the spec last fully acted on."),
        Field("clusterID", \.clusterID, "etcd's own identity of the cluster, in hexadecimal."),
        Field("incarnation", \.incarnation, "A token unique to this incarnation; its data and backups carry it."),
        Field("version", \.version, "The etcd version; the lowest where members differ."),
        Field("leader", \.leader, "The name of the leading member."),
        Field("revision", \.revision, "The newest revision seen."),
        Field("readyMembers", \.readyMembers, "The number of voting members that serve linearizable reads."),
        Field("members", \.members, "The members, by name."),
        Field("observedTime", \.observedTime, "When the members were last looked at."),
        Field("backup", \.backup, "The state of backups."),
        Field("restore", \.restore, "How the cluster was made of a backup, if it was."),
        Field("drill", \.drill, "What drills have shown of its backups."),
        Field("inspections", \.inspections, "What the inspections last found.", .keyed(by: "type")),
        Field("conditions", \.conditions, "The aspects of the cluster's state.", .keyed(by: "type")),
        Field("lastOperation", \.lastOperation, "What was last done to the cluster."),
        Field("lastErrors", \.lastErrors, "The newest errors, newest first."),
    ]
}

/// What a member is in its cluster.
public enum MemberRole: String, Choice {
    /// It leads.
    case leader = "Leader"
    /// It follows and votes.
    case follower = "Follower"
    /// It follows and does not vote yet.
    case learner = "Learner"
    /// It cannot be told.
    case unknown = "Unknown"
}

/// How a member fares.
public enum MemberPhase: String, Choice {
    /// Planned; nothing started yet.
    case pending = "Pending"
    /// Its process runs; it does not serve yet.
    case starting = "Starting"
    /// It serves.
    case running = "Running"
    /// Its process runs or its address answers, but it does not serve.
    case unhealthy = "Unhealthy"
    /// Its process ended and is started again after a pause.
    case backingOff = "BackingOff"
    /// It cannot be started until a person changes something.
    case failed = "Failed"
    /// It does not answer, and its process is not ours to see.
    case unreachable = "Unreachable"
    /// Its process was stopped on purpose.
    case stopped = "Stopped"
}

/// A member as it is.
public struct MemberStatus: Structure {
    /// The name; for members that have not given theirs yet, their address.
    public var name = ""
    /// etcd's own identity of the member, in hexadecimal.
    public var id = ""
    /// What it is in its cluster.
    public var role = MemberRole.unknown
    /// How it fares.
    public var phase = MemberPhase.pending
    /// Its etcd version.
    public var version = ""
    /// Its client URL as we dial it.
    public var endpoint = ""
    /// Its peer URL.
    public var peerURL = ""
    /// The number of its process, where we run it.
    public var pid: Int64?
    /// The size of its database file.
    public var dbSize: ByteCount?
    /// The part of its database file that is in use.
    public var dbSizeInUse: ByteCount?
    /// Its revision when last seen.
    public var revision: Int64?
    /// Its raft term when last seen.
    public var raftTerm: Int64?
    /// Its committed raft index when last seen.
    public var raftIndex: Int64?
    /// Its applied raft index when last seen.
    public var raftAppliedIndex: Int64?
    /// How often its process was started again after it ended by itself.
    public var restarts: Int64 = 0
    /// When its process was last started, where we run it.
    public var startTime: Timestamp?
    /// Why it fares as it does, in a sentence.
    public var message = ""

    /// Creates an empty status.
    public init() {}

    /// The fields.
    public static let fields: [Field<MemberStatus>] = [
        Field("name", \.name, "The member's name."),
        Field("id", \.id, "etcd's own identity of the member, in hexadecimal."),
        Field("role", \.role, "What the member is in its cluster."),
        Field("phase", \.phase, "How the member fares."),
        Field("version", \.version, "The member's etcd version."),
        Field("endpoint", \.endpoint, "The member's client URL as it is dialled."),
        Field("peerURL", \.peerURL, "The member's peer URL."),
        Field("pid", \.pid, "The number of the member's process, where Lodestone runs it."),
        Field("dbSize", \.dbSize, "The size of the member's database file."),
        Field("dbSizeInUse", \.dbSizeInUse, "The part of the database file that is in use."),
        Field("revision", \.revision, "The member's revision when last seen."),
        Field("raftTerm", \.raftTerm, "The member's raft term when last seen."),
        Field("raftIndex", \.raftIndex, "The member's committed raft index when last seen."),
        Field("raftAppliedIndex", \.raftAppliedIndex, "The member's applied raft index when last seen."),
        Field("restarts", \.restarts, "How often the process was started again after it ended by itself."),
        Field("startTime", \.startTime, "When the process was last started, where Lodestone runs it."),
        Field("message", \.message, "Why the member fares as it does."),
    ]
}

/// What an inspection last found, as its cluster shows it.
public struct InspectionSummary: Structure {
    /// The name of the EtcdInspection.
    public var name = ""
    /// Its type.
    public var type = InspectionType.health
    /// What it found.
    public var verdict = Verdict.unknown
    /// When it found that.
    public var time: Timestamp?
    /// The verdict in a sentence.
    public var message = ""

    /// Creates an empty summary.
    public init() {}

    /// The fields.
    public static let fields: [Field<InspectionSummary>] = [
        Field("name", \.name, "The name of the EtcdInspection."),
        Field("type", \.type, "The type of the inspection."),
        Field("verdict", \.verdict, "What it found."),
        Field("time", \.time, "When it found that."),
        Field("message", \.message, "The verdict in a sentence."),
    ]
}

/// What was last done to a record, or is being done.
public struct LastOperation: Structure {
    /// What: Create, Restart, Delete, ...
    public var type = ""
    /// How it goes: Processing, Succeeded or Error.
    public var state = ""
    /// The operation in a sentence.
    public var description = ""
    /// When this last changed.
    public var lastUpdateTime: Timestamp?

    /// Creates an empty operation.
    public init() {}

    /// Creates an operation.
    public init(type: String, state: String, description: String, at time: Timestamp) {
        self.type = type
        self.state = state
        self.description = description
        lastUpdateTime = time.wholeSeconds
    }

    /// The fields.
    public static let fields: [Field<LastOperation>] = [
        Field("type", \.type, "What is or was done."),
        Field("state", \.state, "How it goes: Processing, Succeeded or Error."),
        Field("description", \.description, "The operation in a sentence."),
        Field("lastUpdateTime", \.lastUpdateTime, "When this last changed."),
    ]
}

/// An error worth keeping in a record's status.
public struct RecordedError: Structure {
    /// What kind of error, in one word for programs.
    public var code = ""
    /// The error in a sentence.
    public var description = ""
    /// When it was seen.
    public var observedAt: Timestamp?

    /// Creates an empty error.
    public init() {}

    /// Creates an error.
    public init(code: String, description: String, at time: Timestamp) {
        self.code = code
        self.description = description
        observedAt = time.wholeSeconds
    }

    /// The fields.
    public static let fields: [Field<RecordedError>] = [
        Field("code", \.code, "What kind of error, in one word."),
        Field("description", \.description, "The error in a sentence."),
        Field("observedAt", \.observedAt, "When it was seen."),
    ]
}

extension [RecordedError] {
    /// Puts an error in front, without repeating the newest one, and keeps ten.
    public mutating func record(_ error: RecordedError) {
        if let first, first.code == error.code, first.description == error.description {
            self[0].observedAt = error.observedAt
            return
        }
        insert(error, at: 0)
        if count > 10 { removeLast(count - 10) }
    }
}

/// The state of a cluster's backups.
public struct ClusterBackupStatus: Structure {
    /// When the last good backup was finished.
    public var lastSuccessTime: Timestamp?
    /// The name of the last good backup.
    public var lastBackup = ""
    /// The revision of the last good backup.
    public var revision: Int64?
    /// The size of the last good backup.
    public var size: ByteCount?
    /// When the next backup is due.
    public var nextTime: Timestamp?
    /// The number of good backups kept.
    public var kept = 0
    /// How many backups failed since the last good one.
    public var failures = 0
    /// The last failure in a sentence.
    public var lastError = ""
    /// The end of the oldest good backup: states from then on can be brought back.
    public var recoverableFrom: Timestamp?
    /// The newest moment that can be brought back.
    public var recoverableTo: Timestamp?
    /// How far the change log is.
    public var log: ChangeLogStatus?

    /// Creates an empty status.
    public init() {}

    /// The fields.
    public static let fields: [Field<ClusterBackupStatus>] = [
        Field("lastSuccessTime", \.lastSuccessTime, "When the last good backup was finished."),
        Field("lastBackup", \.lastBackup, "The name of the last good backup."),
        Field("revision", \.revision, "The revision of the last good backup."),
        Field("size", \.size, "The size of the last good backup."),
        Field("nextTime", \.nextTime, "When the next backup is due."),
        Field("kept", \.kept, "The number of good backups kept."),
        Field("failures", \.failures, "How many backups failed since the last good one."),
        Field("lastError", \.lastError, "The last failure in a sentence."),
        Field("recoverableFrom", \.recoverableFrom, "The end of the oldest good backup."),
        Field("recoverableTo", \.recoverableTo, "The newest moment that can be brought back."),
        Field("log", \.log, "How far the change log is."),
    ]
}
