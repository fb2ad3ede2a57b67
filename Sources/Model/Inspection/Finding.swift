/// What an inspection concludes.
public enum Verdict: String, Choice {
    /// Every member serves.
    case healthy = "Healthy"
    /// The members agree.
    case consistent = "Consistent"
    /// It works, and something needs attention.
    case degraded = "Degraded"
    /// A member is behind; it has not been shown to hold different data.
    case lagging = "Lagging"
    /// Quorum does not serve.
    case quorumLost = "QuorumLost"
    /// Members hold different data at the same revision.
    case diverged = "Diverged"
    /// A member does not answer; said of members, never of a cluster.
    case unreachable = "Unreachable"
    /// It could not be told.
    case unknown = "Unknown"

    /// How the verdict weighs.
    public var severity: Severity? {
        switch self {
        case .healthy, .consistent: nil
        case .degraded, .lagging, .unreachable, .unknown: .warning
        case .quorumLost, .diverged: .critical
        }
    }
}

/// How much a finding weighs.
public enum Severity: String, Choice, Comparable {
    /// Worth knowing.
    case info = "Info"
    /// Needs attention.
    case warning = "Warning"
    /// Needs action now.
    case critical = "Critical"

    /// Orders from least to most.
    public static func < (left: Severity, right: Severity) -> Bool {
        rank(left) < rank(right)
    }

    private static func rank(_ severity: Severity) -> Int {
        switch severity {
        case .info: 0
        case .warning: 1
        case .critical: 2
        }
    }
}

/// A stable name of a kind of finding, for programs.
public struct FindingCode: OpenName {
    /// The name.
    public let rawValue: String
    /// Creates a name.
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// One thing an inspection found: what, how bad, where, by which figures, and what to do about it.
public struct Finding: Structure {
    /// The stable name of this kind of finding.
    public var code: FindingCode = ""
    /// How much it weighs.
    public var severity = Severity.info
    /// The members concerned, by name; none if it concerns the cluster as a whole.
    public var members: [String] = []
    /// What was found, in a sentence with its figures.
    public var message = ""
    /// What to do about it.
    public var remedy = ""
    /// When this finding was first made, as long as it lasts.
    public var since: Timestamp?

    /// Creates an empty finding.
    public init() {}

    /// Creates a finding.
    public init(_ code: FindingCode, _ severity: Severity, members: [String] = [], _ message: String, remedy: String) {
        self.code = code
        self.severity = severity
        self.members = members
        self.message = message
        self.remedy = remedy
    }

    /// The fields.
    public static let fields: [Field<Finding>] = [
        Field("code", \.code, "The stable name of this kind of finding."),
        Field("severity", \.severity, "How much it weighs."),
        Field("members", \.members, "The members concerned."),
        Field("message", \.message, "What was found, with its figures."),
        Field("remedy", \.remedy, "What to do about it."),
        Field("since", \.since, "When it was first found, as long as it lasts."),
    ]
}

extension [Finding] {
    /// The findings with `since` carried over from earlier ones of the same code and members, worst first.
    public func continuing(_ earlier: [Finding], at now: Timestamp) -> [Finding] {
        map { finding in
            var finding = finding
            finding.since =
                earlier.first { $0.code == finding.code && $0.members == finding.members }?.since ?? now.wholeSeconds
            return finding
        }.enumerated().sorted {
            ($1.element.severity, $0.offset) < ($0.element.severity, $1.offset)
        }.map(\.element)
    }
}

/// What was seen at one member, as the status of an inspection shows it.
public struct MemberEvidence: Structure {
    /// The member.
    public var member = ""
    /// Its address.
    public var endpoint = ""
    /// Whether the member is fine by this inspection.
    public var verdict = Verdict.unknown
    /// What was measured, by name, as text: `linearizableRead: 1.2ms`, `hash: 3735928559`.
    public var figures: [String: String] = [:]
    /// What is to be said of it in a sentence.
    public var message = ""

    /// Creates empty evidence.
    public init() {}

    /// Creates evidence.
    public init(member: String, endpoint: String, verdict: Verdict, figures: [String: String], message: String) {
        self.member = member
        self.endpoint = endpoint
        self.verdict = verdict
        self.figures = figures
        self.message = message
    }

    /// The fields.
    public static let fields: [Field<MemberEvidence>] = [
        Field("member", \.member, "The member."),
        Field("endpoint", \.endpoint, "Its address."),
        Field("verdict", \.verdict, "Whether the member is fine by this inspection."),
        Field("figures", \.figures, "What was measured, by name."),
        Field("message", \.message, "What is to be said of it."),
    ]
}
