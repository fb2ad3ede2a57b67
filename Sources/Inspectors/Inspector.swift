public import Model

/// A pure judge of one kind of observation: equal observations give equal judgements, and nothing is asked or written.
public protocol Inspector: Sendable {
    /// The evidence it judges.
    associatedtype Observation: Sendable

    /// The type of inspection it serves.
    static var type: InspectionType { get }

    /// Judges an observation; evidence that is missing makes the verdict unknown, never fine.
    func inspect(_ observation: Observation) -> Judgement
}

/// What an inspector concludes.
public struct Judgement: Sendable, Equatable {
    /// The outcome.
    public var verdict: Verdict
    /// The outcome in a sentence.
    public var message: String
    /// What is wrong, worst first.
    public var findings: [Finding]
    /// What was seen at each member.
    public var evidence: [MemberEvidence]

    /// Creates a judgement.
    public init(verdict: Verdict, message: String, findings: [Finding] = [], evidence: [MemberEvidence] = []) {
        self.verdict = verdict
        self.message = message
        self.findings = findings
        self.evidence = evidence
    }

    /// The judgement when there was no observation at all; the reason is a sentence.
    public static func unobserved(_ reason: String, remedy: String) -> Judgement {
        Judgement(
            verdict: .unknown, message: reason,
            findings: [Finding(.notObserved, .warning, reason, remedy: remedy)])
    }
}

extension [String] {
    /// The words as a sentence lists them: `a`, `a and b`, `a, b and c`.
    var listed: String {
        guard let last, count > 1 else { return first ?? "" }
        return dropLast().joined(separator: ", ") + " and " + last
    }
}

extension Duration {
    /// The duration as a figure: `1.2ms`, `3.4s`.
    var figure: String {
        let tenths = nanoseconds / 100_000
        if tenths >= 10_000 { return "\(tenths / 10_000).\(tenths / 1000 % 10)s" }
        return "\(tenths / 10).\(tenths % 10)ms"
    }
}
