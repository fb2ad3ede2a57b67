public import Model

/// Judges whether the members of a cluster hold the same data.
///
/// It follows the procedure that names no healthy member: revisions are compared in a bracket of linearizable reads,
/// key counts and hashes at one pinned revision and only above equal compact revisions, every difference must be seen
/// twice, and a culprit is named only by a majority. Lag, divergence and not knowing are different verdicts.
public struct ConsistencyInspector: Inspector {
    /// The type of inspection it serves.
    public static let type = InspectionType.consistency
    private let thresholds: InspectionThresholds

    /// Creates an inspector with its thresholds.
    public init(thresholds: InspectionThresholds) {
        self.thresholds = thresholds
    }

    /// Judges an observation.
    public func inspect(_ observation: ConsistencyObservation) -> Judgement {
        guard !observation.members.isEmpty else {
            return .unobserved(
                observation.membershipProblem?.message ?? "no member is known",
                remedy: "Check that the endpoints in the cluster's spec lead to its members.")
        }
        let comparison = Comparison(of: observation)
        var findings = identityFindings(observation) + membershipFindings(observation)
        findings += RevisionComparison(of: observation).findings
        findings += comparison.findings
        findings += lagFindings(observation)
        let uncompared = comparison.uncompared
        if uncompared.count == observation.members.count, let first = uncompared.first {
            findings.append(
                Finding(
                    .notCompared, .warning, members: uncompared.map(\.name),
                    "no member could be compared: \(first.reason)",
                    remedy: "Nothing is known against their data; mend what is told here and in the health inspection.")
            )
        } else {
            findings += uncompared.map { name, reason in
                Finding(
                    .notCompared, .warning, members: [name], "\(name) could not be compared: \(reason)",
                    remedy: "Nothing is known against its data; mend what is told here and in the health inspection.")
            }
        }
        let verdict = verdict(findings)
        return Judgement(
            verdict: verdict, message: message(verdict, comparison, findings),
            findings: findings.sorted { $1.severity < $0.severity },
            evidence: observation.members.indices.map { evidence(of: $0, in: observation, comparison, findings) })
    }

    private func verdict(_ findings: [Finding]) -> Verdict {
        if findings.contains(where: { $0.severity == .critical }) { return .diverged }
        if findings.contains(where: { $0.code == .memberLags }) { return .lagging }
        return findings.contains { $0.severity == .warning } ? .unknown : .consistent
    }

    private func message(_ verdict: Verdict, _ comparison: Comparison, _ findings: [Finding]) -> String {
        if verdict == .consistent {
            let keys = comparison.keys.map { ", \($0) keys" } ?? ""
            let hash = comparison.hash.map { ", hash \($0)" } ?? ""
            let who =
                comparison.compared == 1
                ? "the only member" : "\(comparison.compared) members agree"
            return "\(who) at revision \(comparison.revision.map { String($0) } ?? "?")\(keys)\(hash)"
        }
        return findings.max { $0.severity < $1.severity }?.message ?? "the members could not be compared"
    }

    private func identityFindings(_ observation: ConsistencyObservation) -> [Finding] {
        let byCluster = Dictionary(grouping: observation.members) { $0.samples.compactMap(\.answer).last?.clusterID }
            .filter { $0.key != nil }
        guard byCluster.count > 1 else { return [] }
        let groups = byCluster.map { id, members in
            "\(id.map { String($0, radix: 16) } ?? "?") (\(members.map(\.name).listed))"
        }.sorted()
        return [
            Finding(
                .differentClusters, .critical, "the members belong to different clusters: \(groups.listed)",
                remedy: "Check the endpoints; a member started with an empty directory may have formed its own.")
        ]
    }

    private func membershipFindings(_ observation: ConsistencyObservation) -> [Finding] {
        var findings: [Finding] = []
        if let problem = observation.membershipProblem,
            observation.members.contains(where: { $0.samples.contains { $0.answer != nil } })
        {
            findings.append(
                Finding(
                    .membershipUncertain, .warning, "the list of members may be incomplete: \(problem)",
                    remedy: "Make the member list readable, or name every member in spec.endpoints."))
        }
        // Lists differ for a moment while one is being changed; a difference is a warning, never a divergence.
        let lists = Set(observation.members.compactMap { $0.memberIDs.answer?.sorted() })
        if lists.count > 1 {
            findings.append(
                Finding(
                    .memberListsDiffer, .warning, "the members do not agree on who is a member (\(lists.count) lists)",
                    remedy: "Wait if a member is being added or removed; else compare `etcdctl member list` on each."))
        }
        return findings
    }

    private func lagFindings(_ observation: ConsistencyObservation) -> [Finding] {
        let voters = observation.members
        return voters.compactMap { member in
            let lags = zip(member.samples.indices, member.samples).compactMap { index, sample -> Int64? in
                guard let own = sample.answer else { return nil }
                let newest = voters.compactMap { other in
                    index < other.samples.count ? other.samples[index].answer?.raftIndex : nil
                }.max()
                return newest.map { Int64(clamping: $0) - Int64(clamping: own.raftAppliedIndex) }
            }
            guard lags.count == member.samples.count, let least = lags.min(), least > thresholds.lag else { return nil }
            return Finding(
                .memberLags, .warning, members: [member.name],
                "\(member.name) is \(least) raft entries behind; \(thresholds.lag) are allowed",
                remedy: "Look at the member's disk and network; it catches up by itself if it is fast enough.")
        }
    }

    private func evidence(
        of index: Int, in observation: ConsistencyObservation, _ comparison: Comparison, _ findings: [Finding]
    ) -> MemberEvidence {
        let member = observation.members[index]
        var figures: [String: String] = [:]
        if let bracket = observation.brackets.last, index < bracket.members.count {
            figures["linearizableRevision"] = bracket.members[index].answer.map { String($0) }
        }
        if let round = observation.rounds.last {
            figures["comparedRevision"] = String(round.revision)
            figures["keys"] = round.keys[index].answer.map { String($0) }
            figures["hash"] = round.hashes[index].answer.map { String($0.hash) }
            figures["compactRevision"] = round.hashes[index].answer.map { String($0.compactRevision) }
        }
        if let sample = member.samples.last?.answer {
            figures["raftAppliedIndex"] = String(sample.raftAppliedIndex)
        }
        let own = findings.filter { $0.members.contains(member.name) }
        let verdict: Verdict =
            if own.contains(where: { $0.severity == .critical }) {
                .diverged
            } else if own.contains(where: { $0.code == .memberLags }) {
                .lagging
            } else if own.isEmpty, comparison.agreeing.contains(member.name) {
                .consistent
            } else {
                .unknown
            }
        return MemberEvidence(
            member: member.name, endpoint: member.endpoint, verdict: verdict, figures: figures,
            message: own.first?.message ?? (verdict == .consistent ? "agrees" : "not compared"))
    }
}
