public import Model

/// In the report: whether the backups of a cluster were shown to come back.
public struct DrillReport: Structure {
    /// Whether drills are made by schedule.
    public var isScheduled = false
    /// What is known: of the last drill that told something, `Unknown` if that is too long ago or the last one could not
    /// be made; nil if none was made.
    public var verdict: DrillVerdict?
    /// The same in a sentence.
    public var message = ""
    /// The backup that was restored by the last drill that told something.
    public var backup = ""
    /// When that ended.
    public var time: Timestamp?
    /// How long ago that is.
    public var age: Duration?
    /// How long recovery took when it was last measured.
    public var recoveryTime: Duration?
    /// Whether that is too long ago to tell anything.
    public var isStale = false
    /// The backup that is being restored on trial.
    public var running = ""
    /// When the next drill is due.
    public var nextTime: Timestamp?

    /// Creates an empty report.
    public init() {}

    /// The fields.
    public static let fields: [Field<DrillReport>] = [
        Field("scheduled", \.isScheduled, "Whether drills are made by schedule."),
        Field("verdict", \.verdict, "What is known: Passed, Failed or Unknown; missing if no drill was made."),
        Field("message", \.message, "The same in a sentence."),
        Field("backup", \.backup, "The backup that was restored by the last drill that told something."),
        Field("time", \.time, "When that ended."),
        Field("age", \.age, "How long ago that is."),
        Field("recoveryTime", \.recoveryTime, "How long recovery took when it was last measured."),
        Field("stale", \.isStale, "Whether that is too long ago to tell anything."),
        Field("running", \.running, "The backup that is being restored on trial."),
        Field("nextTime", \.nextTime, "When the next drill is due."),
    ]
}

extension ReportBuilder {
    /// The drills of a cluster's backups, and what they found; nil where none was made and none is wanted.
    func drillReport(_ cluster: EtcdCluster) -> (report: DrillReport?, findings: [Finding]) {
        let policy = cluster.spec.backup?.drill
        let status = cluster.status.drill ?? ClusterDrillStatus()
        guard policy != nil || !status.history.isEmpty || status.running != nil else { return (nil, []) }
        var report = DrillReport()
        report.isScheduled = policy.map { !$0.suspend } ?? false
        report.nextTime = report.isScheduled ? status.nextTime : nil
        report.running = status.running.map { $0.step == .cleaning ? "" : $0.backup } ?? ""
        let told = status.proof ?? status.history.first
        report.backup = told?.backup ?? ""
        report.time = told?.completionTime
        report.age = report.time.map { .seconds(max(.zero, now - $0).components.seconds) }
        report.recoveryTime = status.lastSuccess?.recoveryTime
        // A failure stays one, however long ago, and whatever could not be told since.
        if let proof = status.proof, proof.verdict == .failed {
            report.verdict = .failed
            report.message = proof.message
            report.recoveryTime = nil
            var finding = Finding(
                "DrillFailed", .critical,
                "the backup did not come back when it was restored on trial: \(proof.message)",
                remedy: "make a new one with lodestone backup \(cluster.metadata.name), see that it comes back with "
                    + "lodestone backup drill \(cluster.metadata.name), and mend what the message names")
            finding.since = proof.completionTime
            return (report, [finding])
        }
        if let last = status.history.first, last.verdict == .unknown {
            report.verdict = .unknown
            report.message = last.message
            return (
                report,
                [
                    Finding(
                        "DrillNotMade", .warning, "no drill could be made: \(last.message)",
                        remedy:
                            "mend what the message names; lodestone backup drill \(cluster.metadata.name) tries at once"
                    )
                ]
            )
        }
        report.verdict = told?.verdict
        report.message = told?.message ?? ""
        guard let stale = status.staleTime, now > stale else { return (report, []) }
        report.isStale = true
        report.verdict = .unknown
        return (
            report,
            [
                Finding(
                    "DrillOverdue", .warning,
                    "that backups come back was last shown \(report.age?.ageText ?? "long") ago",
                    remedy: "lodestone backup drill \(cluster.metadata.name) makes a drill now and says what goes wrong"
                )
            ]
        )
    }
}

extension DrillVerdict {
    var style: Paint.Style {
        switch self {
        case .passed: .green
        case .failed: .red
        case .unknown: .magenta
        }
    }
}
