import Inspectors
import Model

/// What `lodestone check` found.
struct CheckReport: Structure {
    /// The moment.
    var time = Timestamp(secondsSinceEpoch: 0)
    /// The endpoints the members were found by.
    var endpoints: [String] = []
    /// The members, each dialled directly.
    var members: [MemberReport] = []
    /// The inspections that were made.
    var inspections: [CheckedInspection] = []

    init() {}

    init(time: Timestamp, endpoints: [String]) {
        self.time = time
        self.endpoints = endpoints
    }

    static let fields: [Field<CheckReport>] = [
        Field("time", \.time, "The moment."),
        Field("endpoints", \.endpoints, "The endpoints the members were found by."),
        Field("members", \.members, "The members, each dialled directly."),
        Field("inspections", \.inspections, "The inspections that were made."),
    ]

    /// Whether any member answered as etcd does.
    var isReached: Bool { members.contains { !$0.status.version.isEmpty } }

    /// Adds the members as they were seen.
    mutating func add(_ observation: HealthObservation) {
        let statuses = observation.members.map { member in
            var status = MemberStatus()
            status.update(from: member)
            return status
        }
        let newest = statuses.compactMap(\.raftIndex).max()
        members = statuses.map { MemberReport($0, newest: newest) }.sorted { $0.status.name < $1.status.name }
    }

    mutating func add(_ type: InspectionType, _ judgement: Judgement) {
        inspections.append(CheckedInspection(type, judgement))
    }

    func hasFindings(from severity: Severity) -> Bool {
        inspections.contains { inspection in
            inspection.verdict.severity.map { $0 >= severity } ?? false
                || inspection.findings.contains { $0.severity >= severity }
        }
    }

    /// The report as people read it.
    func lines(_ paint: Paint, at now: Timestamp) -> [String] {
        let text = ClusterText(paint: paint, now: now)
        let all =
            [text.members(members)]
            + inspections.map { inspection -> [String] in
                let head =
                    "\(paint(.bold, inspection.type.rawValue))  "
                    + "\(paint(inspection.verdict.style, inspection.verdict.rawValue))  "
                    + inspection.message.printable
                let findings = text.findings(inspection.findings.map { ReportedFinding($0) })
                return [head] + (inspection.table(paint) + findings).map { "  \($0)" }
            }
        return Array(all.joined(separator: [""]))
    }
}

/// One inspection of `lodestone check`.
struct CheckedInspection: Structure {
    /// What was checked.
    var type = InspectionType.health
    /// The outcome.
    var verdict = Verdict.unknown
    /// The outcome in a sentence.
    var message = ""
    /// What is wrong, worst first.
    var findings: [Finding] = []
    /// What was seen at each member.
    var evidence: [MemberEvidence] = []

    init() {}

    init(_ type: InspectionType, _ judgement: Judgement) {
        self.type = type
        verdict = judgement.verdict
        message = judgement.message
        findings = judgement.findings
        evidence = judgement.evidence
    }

    static let fields: [Field<CheckedInspection>] = [
        Field("type", \.type, "What was checked."),
        Field("verdict", \.verdict, "The outcome."),
        Field("message", \.message, "The outcome in a sentence."),
        Field("findings", \.findings, "What is wrong, worst first."),
        Field("evidence", \.evidence, "What was seen at each member."),
    ]

    /// The evidence as a table; a column for every figure that any member has.
    func table(_ paint: Paint) -> [String] {
        let figures = Set(evidence.flatMap(\.figures.keys)).sorted()
        var table = TextTable(
            ["MEMBER", "ENDPOINT", "VERDICT"] + figures.map { Self.heading($0) },
            rightAligned: Set(figures.indices.map { $0 + 3 }))
        for member in evidence {
            table.add(
                [.init(member.member), .init(member.endpoint), .init(member.verdict.rawValue, member.verdict.style)]
                    + figures.map { .init(member.figures[$0] ?? "-") })
        }
        return table.lines(paint)
    }

    /// `linearizableRead` as a heading: `LINEARIZABLE READ`.
    private static func heading(_ figure: String) -> String {
        figure.reduce(into: "") { text, letter in
            if letter.isUppercase { text += " " }
            text += letter.uppercased()
        }
    }
}
