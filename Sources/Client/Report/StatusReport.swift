public import Model

/// How a cluster stands, all things considered; not knowing is its own answer and is never taken for good.
public enum ReportState: String, Choice {
    /// Something needs action now.
    case critical = "Critical"
    /// It cannot be told how the cluster is: nothing was seen of it, or not recently.
    case unknown = "Unknown"
    /// It works, and something needs attention.
    case attention = "Attention"
    /// Everything that is looked at is as it should be, and was looked at recently.
    case ok = "OK"

    /// How the state weighs for `--fail-on`.
    public var severity: Severity? {
        switch self {
        case .critical: .critical
        case .unknown, .attention: .warning
        case .ok: nil
        }
    }
}

/// The state of the fleet at a moment, made from records alone.
public struct StatusReport: Structure {
    /// The moment.
    public var time = Timestamp(secondsSinceEpoch: 0)
    /// The fleet in figures.
    public var summary = FleetSummary()
    /// What is wrong and belongs to no cluster of the report.
    public var findings: [Finding] = []
    /// The clusters, worst first.
    public var clusters: [ClusterReport] = []
    /// Migrations that are not over, or that a person should look at.
    public var migrations: [MigrationReport] = []

    /// Creates an empty report.
    public init() {}

    /// The fields.
    public static let fields: [Field<StatusReport>] = [
        Field("time", \.time, "The moment of the report."),
        Field("summary", \.summary, "The fleet in figures."),
        Field("findings", \.findings, "What is wrong and belongs to no cluster of the report."),
        Field("clusters", \.clusters, "The clusters, worst first."),
        Field("migrations", \.migrations, "Migrations that are not over, or that a person should look at."),
    ]

    /// Whether there is anything at or above a severity.
    public func hasFindings(from severity: Severity) -> Bool {
        findings.contains { $0.severity >= severity }
            || migrations.contains { $0.state == .critical || $0.state == .attention && severity != .critical }
            || clusters.contains { cluster in
                cluster.state.severity.map { $0 >= severity } ?? false
                    || cluster.findings.contains { $0.severity >= severity }
            }
    }
}

/// The fleet in figures.
public struct FleetSummary: Structure {
    /// The number of clusters.
    public var clusters = 0
    /// Clusters where all is well.
    public var ok = 0
    /// Clusters that need attention.
    public var attention = 0
    /// Clusters that need action now.
    public var critical = 0
    /// Clusters of which it cannot be told.
    public var unknown = 0
    /// The number of voting members.
    public var members = 0
    /// Voting members that serve, as far as it is known.
    public var serving = 0
    /// Open findings that need action now.
    public var criticalFindings = 0
    /// Open findings that need attention.
    public var warningFindings = 0
    /// Open findings worth knowing.
    public var infoFindings = 0

    /// Creates an empty summary.
    public init() {}

    /// Sums clusters up.
    init(_ reports: [ClusterReport], _ others: [Finding]) {
        let findings = reports.flatMap(\.findings) + others.map { ReportedFinding($0) }
        clusters = reports.count
        ok = reports.count { $0.state == .ok }
        attention = reports.count { $0.state == .attention }
        critical = reports.count { $0.state == .critical }
        unknown = reports.count { $0.state == .unknown }
        members = reports.reduce(0) { $0 + $1.votingMembers }
        serving = reports.reduce(0) { $0 + ($1.isStale ? 0 : $1.readyMembers) }
        criticalFindings = findings.count { $0.severity == .critical }
        warningFindings = findings.count { $0.severity == .warning }
        infoFindings = findings.count { $0.severity == .info }
    }

    /// The fields.
    public static let fields: [Field<FleetSummary>] = [
        Field("clusters", \.clusters, "The number of clusters."),
        Field("ok", \.ok, "Clusters where all is well."),
        Field("attention", \.attention, "Clusters that need attention."),
        Field("critical", \.critical, "Clusters that need action now."),
        Field("unknown", \.unknown, "Clusters of which it cannot be told."),
        Field("members", \.members, "The number of voting members."),
        Field("serving", \.serving, "Voting members that serve, as far as it is known."),
        Field("criticalFindings", \.criticalFindings, "Open findings that need action now."),
        Field("warningFindings", \.warningFindings, "Open findings that need attention."),
        Field("infoFindings", \.infoFindings, "Open findings worth knowing."),
    ]
}
