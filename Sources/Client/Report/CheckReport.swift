import Inspectors
import Model

/// What `lodestone check` found.
struct CheckReport: Structure {
    /// The moment.
    var time = Timestamp(secondsSinceEpoch: 0)
    /// The endpoints the members were found by.
    var endpoints: [String] = []
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
        Field("inspections", \.inspections, "The inspections that were made."),
    ]

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
        return inspections.flatMap { inspection -> [String] in
            let head =
                "\(paint(.bold, inspection.type.rawValue))  "
                + "\(paint(inspection.verdict.style, inspection.verdict.rawValue))  \(inspection.message)"
            let findings = text.findings(inspection.findings.map { ReportedFinding($0) })
            return [head] + (inspection.table(paint) + findings).map { "  \($0)" } + [""]
        }.dropLast()
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

    /// Whether nobody answered anything.
    var isOutOfReach: Bool {
        evidence.allSatisfy { $0.verdict == .unreachable || $0.verdict == .unknown } && verdict == .unknown
            && findings.allSatisfy { $0.code != .accessRefused }
    }

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
