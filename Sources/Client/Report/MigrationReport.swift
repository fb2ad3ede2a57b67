public import Model

/// In the report: a migration that is not over, or that a person should look at.
public struct MigrationReport: Structure {
    /// The namespace.
    public var namespace = ""
    /// The name.
    public var name = ""
    /// The cluster the data comes from.
    public var source = ""
    /// The cluster the data goes to.
    public var destination = ""
    /// How the data is moved.
    public var method = MigrationMethod.exact
    /// How it stands, all things considered.
    public var state = ReportState.unknown
    /// Where it stands.
    public var phase = MigrationPhase.preflight
    /// How many revisions the destination is behind.
    public var lagRevisions: Int64?
    /// What the last comparison of both ends said.
    public var verdict: MigrationVerdict?
    /// When that was.
    public var comparedTime: Timestamp?
    /// The phase in a sentence.
    public var message = ""

    /// Creates an empty report.
    public init() {}

    /// The report of a record at a moment.
    public init(_ migration: EtcdMigration, at now: Timestamp) {
        let status = migration.status
        namespace = migration.metadata.namespace
        name = migration.metadata.name
        source = migration.spec.sourceRef.name
        destination = migration.spec.destinationRef.name
        method = migration.spec.method
        phase = status.phase
        lagRevisions = status.phase.isOver ? nil : status.lagRevisions
        verdict = status.proof?.verdict
        comparedTime = status.proof?.time
        // A filling that begins again and again looks like one that is under way.
        let steady = status.conditions[.steady]
        message = steady?.status == .false ? steady?.message ?? "" : status.message
        state = Self.state(migration)
    }

    /// Ends that differ are worse than ends of which nobody knows, and those than work under way.
    private static func state(_ migration: EtcdMigration) -> ReportState {
        let status = migration.status
        if status.proof?.verdict == .different, ![.cancelled, .rolledBack].contains(status.phase) { return .critical }
        if status.conditions[.steady]?.status == .false { return .attention }
        switch status.phase {
        case .failed: return .attention
        case .completed, .cancelled, .rolledBack: return .ok
        case .ready where status.conditions[.synced]?.status == .true && status.proof?.verdict == .equal: return .ok
        case .preflight, .seeding, .replaying, .ready, .opening, .cutOver:
            return status.failures > 0 || status.cutoverFailures > 0 ? .attention : .unknown
        }
    }

    /// The fields.
    public static let fields: [Field<MigrationReport>] = [
        Field("namespace", \.namespace, "The namespace."),
        Field("name", \.name, "The name."),
        Field("source", \.source, "The cluster the data comes from."),
        Field("destination", \.destination, "The cluster the data goes to."),
        Field("method", \.method, "How the data is moved."),
        Field("state", \.state, "How it stands: Critical, Unknown, Attention or OK."),
        Field("phase", \.phase, "Where it stands."),
        Field("lagRevisions", \.lagRevisions, "How many revisions the destination is behind."),
        Field("verdict", \.verdict, "What the last comparison of both ends said."),
        Field("comparedTime", \.comparedTime, "When that was."),
        Field("message", \.message, "The phase in a sentence."),
    ]

    /// Whether it belongs into the report: what ended well is history.
    var isNews: Bool { !phase.isOver || state != .ok }
}
