public import Model

/// One cluster in the report.
public struct ClusterReport: Structure {
    /// The namespace.
    public var namespace = ""
    /// The name.
    public var name = ""
    /// How it stands, all things considered.
    public var state = ReportState.unknown
    /// Where it stands by its own status; `Unknown` if that is old.
    public var phase = ClusterPhase.unknown
    /// The phase in a sentence.
    public var message = ""
    /// Who runs the members.
    public var provider = Provider.local
    /// Whether the controller leaves it alone, by its spec.
    public var paused = false
    /// The etcd version.
    public var version = ""
    /// The leading member.
    public var leader = ""
    /// The newest revision seen.
    public var revision: Int64?
    /// The number of voting members.
    public var votingMembers = 0
    /// Voting members that served when last seen.
    public var readyMembers = 0
    /// When the members were last looked at.
    public var observedTime: Timestamp?
    /// Whether that is too long ago to rely on.
    public var isStale = false
    /// The members.
    public var members: [MemberReport] = []
    /// What the inspections found.
    public var inspections: [InspectionReport] = []
    /// The state of backups.
    public var backup = BackupReport()
    /// Whether backups were shown to come back; nil where nobody tried and nobody wants to.
    public var drill: DrillReport?
    /// What is wrong, worst first.
    public var findings: [ReportedFinding] = []

    /// Creates an empty report.
    public init() {}

    /// The fields.
    public static let fields: [Field<ClusterReport>] = [
        Field("namespace", \.namespace, "The cluster's namespace."),
        Field("name", \.name, "The cluster's name."),
        Field("state", \.state, "How the cluster stands, all things considered."),
        Field("phase", \.phase, "Where the cluster stands by its own status; Unknown if that is old."),
        Field("message", \.message, "The phase in a sentence."),
        Field("provider", \.provider, "Who runs the members."),
        Field("paused", \.paused, "Whether the controller leaves the cluster alone."),
        Field("version", \.version, "The etcd version."),
        Field("leader", \.leader, "The leading member."),
        Field("revision", \.revision, "The newest revision seen."),
        Field("votingMembers", \.votingMembers, "The number of voting members."),
        Field("readyMembers", \.readyMembers, "Voting members that served when last seen."),
        Field("observedTime", \.observedTime, "When the members were last looked at."),
        Field("stale", \.isStale, "Whether that is too long ago to rely on."),
        Field("members", \.members, "The members."),
        Field("inspections", \.inspections, "What the inspections found."),
        Field("backup", \.backup, "The state of backups."),
        Field("drill", \.drill, "Whether backups were shown to come back."),
        Field("findings", \.findings, "What is wrong, worst first."),
    ]
}

/// One member in the report.
public struct MemberReport: Structure {
    /// What its record says.
    public var status = MemberStatus()
    /// How many raft entries it is behind the furthest member; nil if it does not serve, or did not say.
    public var lag: Int64?

    /// Creates an empty report.
    public init() {}

    init(_ status: MemberStatus, newest: Int64?) {
        self.status = status
        // Of a member that does not answer the record keeps its last figures; how far it is behind now nobody knows.
        guard status.phase == .running else { return }
        lag = newest.flatMap { newest in status.raftAppliedIndex.map { max(0, newest - $0) } }
    }

    /// The fields: those of the member's status, and the lag.
    public static let fields: [Field<MemberReport>] = [
        Field("name", \.status.name, "The member's name."),
        Field("id", \.status.id, "etcd's own identity of the member."),
        Field("role", \.status.role, "What the member is in its cluster."),
        Field("phase", \.status.phase, "How the member fares."),
        Field("version", \.status.version, "The member's etcd version."),
        Field("endpoint", \.status.endpoint, "The member's client URL."),
        Field("dbSize", \.status.dbSize, "The size of the database file."),
        Field("dbSizeInUse", \.status.dbSizeInUse, "The part of it that is in use."),
        Field("revision", \.status.revision, "The member's revision."),
        Field("lag", \.lag, "How many raft entries the member is behind."),
        Field("restarts", \.status.restarts, "How often the process was started again."),
        Field("message", \.status.message, "Why the member fares as it does."),
    ]
}

/// One inspection in the report.
public struct InspectionReport: Structure {
    /// The name of the EtcdInspection; empty if there is none yet.
    public var name = ""
    /// What it checks.
    public var type = InspectionType.health
    /// What it found; `Unknown` if that is too long ago.
    public var verdict = Verdict.unknown
    /// What it found when it last ran, however long ago.
    public var lastVerdict = Verdict.unknown
    /// When it last ran.
    public var time: Timestamp?
    /// How long ago that is.
    public var age: Duration?
    /// How often it should run.
    public var interval: Duration?
    /// Whether it should have run since.
    public var isStale = false
    /// The verdict in a sentence.
    public var message = ""

    /// Creates an empty report.
    public init() {}

    /// The fields.
    public static let fields: [Field<InspectionReport>] = [
        Field("name", \.name, "The name of the EtcdInspection."),
        Field("type", \.type, "What it checks."),
        Field("verdict", \.verdict, "What it found; Unknown if that is too long ago."),
        Field("lastVerdict", \.lastVerdict, "What it found when it last ran, however long ago."),
        Field("time", \.time, "When it last ran."),
        Field("age", \.age, "How long ago that is."),
        Field("interval", \.interval, "How often it should run."),
        Field("stale", \.isStale, "Whether it should have run since."),
        Field("message", \.message, "The verdict in a sentence."),
    ]
}

/// The backups of a cluster in the report.
public struct BackupReport: Structure {
    /// Whether backups are made by schedule.
    public var isScheduled = false
    /// The last good backup.
    public var name = ""
    /// When it was finished.
    public var time: Timestamp?
    /// How long ago that is.
    public var age: Duration?
    /// The revision it holds.
    public var revision: Int64?
    /// Its size.
    public var size: ByteCount?
    /// How many good ones are kept.
    public var kept = 0
    /// When the next is due.
    public var nextTime: Timestamp?
    /// Whether it should have been made by now.
    public var isOverdue = false
    /// The one that is being made.
    public var running = ""
    /// From when on states can be brought back.
    public var recoverableFrom: Timestamp?
    /// The newest moment that can be brought back.
    public var recoverableTo: Timestamp?
    /// Whether a change log is kept behind the backups.
    public var isLogged = false
    /// From when on every moment can be brought back, by the change log.
    public var loggedFrom: Timestamp?

    /// Creates an empty report.
    public init() {}

    /// The fields.
    public static let fields: [Field<BackupReport>] = [
        Field("scheduled", \.isScheduled, "Whether backups are made by schedule."),
        Field("name", \.name, "The last good backup."),
        Field("time", \.time, "When it was finished."),
        Field("age", \.age, "How long ago that is."),
        Field("revision", \.revision, "The revision it holds."),
        Field("size", \.size, "Its size."),
        Field("kept", \.kept, "How many good ones are kept."),
        Field("nextTime", \.nextTime, "When the next is due."),
        Field("overdue", \.isOverdue, "Whether it should have been made by now."),
        Field("running", \.running, "The one that is being made."),
        Field("recoverableFrom", \.recoverableFrom, "From when on states can be brought back."),
        Field("recoverableTo", \.recoverableTo, "The newest moment that can be brought back."),
        Field("logged", \.isLogged, "Whether a change log is kept behind the backups."),
        Field("loggedFrom", \.loggedFrom, "From when on every moment can be brought back, by the change log."),
    ]
}

/// A finding in the report, with where it comes from.
public struct ReportedFinding: Structure {
    /// The finding.
    public var finding = Finding()
    /// The inspection that made it; empty if the report itself did.
    public var inspection = ""

    /// Creates an empty finding.
    public init() {}

    init(_ finding: Finding, by inspection: String = "") {
        self.finding = finding
        self.inspection = inspection
    }

    /// How much it weighs.
    public var severity: Severity { finding.severity }

    /// The fields: those of a finding, and the inspection.
    public static let fields: [Field<ReportedFinding>] = [
        Field("code", \.finding.code, "The stable name of this kind of finding."),
        Field("severity", \.finding.severity, "How much it weighs."),
        Field("members", \.finding.members, "The members concerned."),
        Field("message", \.finding.message, "What was found, with its figures."),
        Field("remedy", \.finding.remedy, "What to do about it."),
        Field("since", \.finding.since, "When it was first found, as long as it lasts."),
        Field("inspection", \.inspection, "The inspection that made it."),
    ]
}
