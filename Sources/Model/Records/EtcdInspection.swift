/// A recurring inspection of one cluster: what to check, how often, and what was found.
public struct EtcdInspection: SpecifiedResource {
    /// What records of the kind are for.
    public static let summary =
        "A look at a cluster that is repeated: whether its members serve, whether they agree, and what is wrong, "
        + "with figures and remedies."
    /// The kind.
    public static let kind = Kind("EtcdInspection", plural: "etcdinspections", shortNames: ["ei"])
    /// Identity, labels and history.
    public var metadata = ObjectMeta()
    /// What to check.
    public var spec = EtcdInspectionSpec()
    /// What was found.
    public var status = EtcdInspectionStatus()

    /// Creates an empty record.
    public init() {}

    /// The fields.
    public static let fields: [Field<EtcdInspection>] = [
        Field("metadata", \.metadata, "Identity, labels and history."),
        Field("spec", \.spec, "What to check and how often.", required: true),
        Field("status", \.status, "What was found, written by the controller."),
    ]

    /// The table.
    public static let columns: [Column<EtcdInspection>] = [
        Column("Cluster", "The cluster inspected.") { record in .string(record.spec.clusterRef.name) },
        Column("Type", "What is checked.") { record in .string(record.spec.type.rawValue) },
        Column("Verdict", "What was found last.") { record in .string(record.status.verdict.rawValue) },
        Column("Checked", "How long ago.", since: { record in record.status.lastRunTime }),
        Column("Findings", "The number of open findings.", type: .integer) { record in
            .integer(Int64(record.status.findings.count))
        },
        .age,
        Column("Message", "The verdict in a sentence.", wide: true) { record in .string(record.status.message) },
    ]

    /// Each type has its own interval and time limit.
    public mutating func applyDefaults() {
        let standard = InspectionSwitches()[spec.type]
        spec.interval = spec.interval ?? standard.interval
        spec.timeout = spec.timeout ?? standard.timeout
    }
}

/// What an inspection checks.
public enum InspectionType: String, Choice {
    /// Whether every member serves, and whether the cluster has quorum.
    case health = "Health"
    /// Whether the members agree in revision, key count and hash.
    case consistency = "Consistency"
}

/// What to check, and how often.
public struct EtcdInspectionSpec: Structure {
    /// The cluster.
    public var clusterRef = LocalReference()
    /// What to check.
    public var type = InspectionType.health
    /// How often; each type has its own default.
    public var interval: Duration?
    /// How long one run may take; each type has its own default.
    public var timeout: Duration?
    /// From where on a figure is a finding.
    public var thresholds = InspectionThresholds()
    /// How many results to keep.
    public var historyLimit = 20
    /// Whether to stop inspecting for now.
    public var suspend = false

    /// Creates the default.
    public init() {}

    /// The fields.
    public static let fields: [Field<EtcdInspectionSpec>] = [
        Field("clusterRef", \.clusterRef, "The cluster to inspect.", required: true),
        Field("type", \.type, "What to check: Health or Consistency.", required: true),
        Field("interval", \.interval, "How often to check.", .between(.seconds(1), .seconds(86400))),
        Field("timeout", \.timeout, "How long one run may take.", .between(.milliseconds(100), .seconds(3600))),
        Field("thresholds", \.thresholds, "From where on a figure is a finding."),
        Field("historyLimit", \.historyLimit, "How many results to keep.", .range(0...500)),
        Field("suspend", \.suspend, "Whether to stop inspecting for now."),
    ]
}

/// What an inspection found.
public struct EtcdInspectionStatus: Structure {
    /// The outcome.
    public var verdict = Verdict.unknown
    /// The outcome in a sentence.
    public var message = ""
    /// The generation of the spec that was last used.
    public var observedGeneration: Int64?
    /// When the last run ended.
    public var lastRunTime: Timestamp?
    /// How long the last run took.
    public var lastDuration: Duration?
    /// When the next run is due.
    public var nextRunTime: Timestamp?
    /// What is wrong, worst first.
    public var findings: [Finding] = []
    /// What was seen at each member.
    public var evidence: [MemberEvidence] = []
    /// Former outcomes, newest first; equal ones in a row are one entry.
    public var history: [InspectionHistoryEntry] = []
    /// The aspects of the inspection's state.
    public var conditions: [Condition] = []

    /// Creates an empty status.
    public init() {}

    /// The fields.
    public static let fields: [Field<EtcdInspectionStatus>] = [
        Field("verdict", \.verdict, "The outcome."),
        Field("message", \.message, "The outcome in a sentence."),
        Field("observedGeneration", \.observedGeneration, "The generation of the spec that was last used."),
        Field("lastRunTime", \.lastRunTime, "When the last run ended."),
        Field("lastDuration", \.lastDuration, "How long the last run took."),
        Field("nextRunTime", \.nextRunTime, "When the next run is due."),
        Field("findings", \.findings, "What is wrong, worst first."),
        Field("evidence", \.evidence, "What was seen at each member."),
        Field("history", \.history, "Former outcomes, newest first; equal ones in a row are one entry."),
        Field("conditions", \.conditions, "The aspects of the inspection's state.", .keyed(by: "type")),
    ]
}

/// A stretch of runs with one outcome.
public struct InspectionHistoryEntry: Structure {
    /// When the first of these runs ended.
    public var since = Timestamp(secondsSinceEpoch: 0)
    /// When the last of these runs ended.
    public var until = Timestamp(secondsSinceEpoch: 0)
    /// The number of runs.
    public var runs: Int64 = 1
    /// The outcome.
    public var verdict = Verdict.unknown
    /// The outcome of the last of them in a sentence.
    public var message = ""

    /// Creates an empty entry.
    public init() {}

    /// Creates an entry of one run.
    public init(verdict: Verdict, message: String, at time: Timestamp) {
        self.verdict = verdict
        self.message = message
        since = time.wholeSeconds
        until = time.wholeSeconds
    }

    /// The fields.
    public static let fields: [Field<InspectionHistoryEntry>] = [
        Field("since", \.since, "When the first of these runs ended."),
        Field("until", \.until, "When the last of these runs ended."),
        Field("runs", \.runs, "The number of runs."),
        Field("verdict", \.verdict, "The outcome."),
        Field("message", \.message, "The outcome of the last of them in a sentence."),
    ]
}

extension [InspectionHistoryEntry] {
    /// Adds the outcome of a run: to the newest entry if it is the same, in front otherwise; keeps `limit` entries.
    public mutating func record(_ verdict: Verdict, _ message: String, at time: Timestamp, limit: Int) {
        if let first, first.verdict == verdict {
            self[0].until = time.wholeSeconds
            self[0].runs += 1
            self[0].message = message
        } else {
            insert(InspectionHistoryEntry(verdict: verdict, message: message, at: time), at: 0)
        }
        if count > limit { removeLast(count - limit) }
    }
}
