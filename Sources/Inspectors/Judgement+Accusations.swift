public import Model

extension Judgement {
    /// What an accusation says that the newest comparison neither confirms nor refutes.
    private static let unsettled = "not compared since"

    /// The judgement with the accusations of an earlier one that it does not settle.
    ///
    /// A member that was found to hold other data stays accused until it was compared and agrees, or is a member no
    /// more: that it cannot be compared now, or that nobody looks, says nothing for it. And that a member differs from
    /// an accused one says nothing against it, where no majority is there to be compared with.
    ///
    /// - Parameters:
    ///   - evidence: what the earlier judgement said of each member.
    ///   - findings: what it found.
    /// - Returns: this judgement, or one with the verdict Diverged.
    public func keepingAccusations(of evidence: [MemberEvidence], _ findings: [Finding]) -> Judgement {
        let accused = evidence.filter { $0.verdict == .diverged }
        guard !accused.isEmpty else { return self }
        var result = self
        if self.evidence.isEmpty { result.evidence = evidence.map { $0.asUnknown(message) } }
        let excused = excused(by: accused)
        for index in result.evidence.indices where excused.contains(result.evidence[index].member) {
            result.evidence[index].verdict = .unknown
        }
        var open: [MemberEvidence] = []
        for index in result.evidence.indices {
            let new = result.evidence[index]
            guard new.verdict == .unknown || new.verdict == .lagging,
                let old = accused.first(where: { $0.isOf(new) })
            else { continue }
            open.append(old)
            result.evidence[index].verdict = .diverged
            result.evidence[index].message = "was found to hold other data; \(Self.unsettled): \(new.message)"
        }
        guard !open.isEmpty else { return result }
        result.take(findings.filter { finding in open.contains { finding.members.contains($0.member) } })
        return result
    }

    /// Takes up earlier findings that stand.
    private mutating func take(_ earlier: [Finding]) {
        for var finding in earlier
        where finding.severity == .critical
            && !findings.contains(where: { $0.code == finding.code && $0.members == finding.members })
        {
            if !finding.message.hasSuffix(Self.unsettled) { finding.message += "; \(Self.unsettled)" }
            findings.append(finding)
        }
        findings.sort { $1.severity < $0.severity }
        guard verdict != .diverged else { return }
        verdict = .diverged
        message = findings.first { $0.severity == .critical }?.message ?? message
    }

    /// The members against which nothing speaks but that they differ from accused ones.
    private func excused(by accused: [MemberEvidence]) -> Set<String> {
        guard !evidence.contains(where: { $0.verdict == .consistent }) else { return [] }
        let guilty = Set(evidence.filter { new in accused.contains { $0.isOf(new) } }.map(\.member))
        let differences = findings.filter { $0.severity == .critical }
        let explained = differences.filter { !guilty.isDisjoint(with: $0.members) }.flatMap(\.members)
        let others = differences.filter { guilty.isDisjoint(with: $0.members) }.flatMap(\.members)
        return Set(explained).subtracting(guilty).subtracting(others)
    }
}

extension MemberEvidence {
    /// Whether both are of the same member, which is known by its address alone while nobody tells its name.
    fileprivate func isOf(_ other: MemberEvidence) -> Bool {
        member == other.member || !endpoint.isEmpty && endpoint == other.endpoint
    }

    /// The evidence of a member that was not looked at.
    fileprivate func asUnknown(_ reason: String) -> MemberEvidence {
        MemberEvidence(member: member, endpoint: endpoint, verdict: .unknown, figures: [:], message: reason)
    }
}
