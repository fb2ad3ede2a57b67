public import Model

/// Judges whether every member serves and whether the cluster has quorum, from each member's ladder of probes.
public struct HealthInspector: Inspector {
    /// The type of inspection it serves.
    public static let type = InspectionType.health
    private let thresholds: InspectionThresholds

    /// Creates an inspector with its thresholds.
    public init(thresholds: InspectionThresholds) {
        self.thresholds = thresholds
    }

    /// Judges an observation.
    public func inspect(_ observation: HealthObservation) -> Judgement {
        let members = observation.members
        let standings = members.map { Standing(of: $0, in: observation, thresholds: thresholds) }
        let voters = zip(members, standings).filter { !$0.0.isLearner }
        guard !voters.isEmpty else {
            return .unobserved(
                observation.membershipProblem?.message ?? "no voting member is known",
                remedy: "Check that the endpoints in the cluster's spec lead to its members.")
        }
        let serving = voters.count { $0.1.serves }
        let quorum = voters.count / 2 + 1
        var findings = memberFindings(members, standings, hasQuorum: serving > 0)
        // Where nobody answers, that is one finding and not one for each.
        let isOutOfReach = standings.allSatisfy { $0.isUnreachable }
        if isOutOfReach { findings.removeAll { $0.code == .memberUnreachable } }
        findings += clusterFindings(observation, voters: voters, serving: serving, quorum: quorum)
        findings += alarmFindings(observation)
        let verdict: Verdict =
            observation.isUndecided ? .unknown : verdict(voters, serving: serving, findings: findings)
        return Judgement(
            verdict: verdict,
            message: message(verdict, serving: serving, voters: voters.count, findings: findings),
            findings: findings.sorted { $1.severity < $0.severity },
            evidence: zip(members, standings).map { $1.evidence(of: $0) })
    }

    /// Whether the reads ran out of time while most voters know a leader, which proves no loss of quorum.
    ///
    /// A leader that hears no majority steps down within an election timeout (raft's CheckQuorum), and its followers
    /// then know none. So where they still do, the machines are slow, or it is too early to say.
    private func knowsLeader(_ voters: [MemberHealth]) -> Bool {
        let late = voters.count { member in
            member.status.answer.map { $0.answer.leader != 0 } ?? false
                && member.linearizableRead.failure?.failureClass == .timeout
        }
        return late * 2 > voters.count
    }

    private func verdict(_ voters: [(MemberHealth, Standing)], serving: Int, findings: [Finding]) -> Verdict {
        // One linearizable answer proves quorum: etcd gives it only after a majority confirmed the leader (ReadIndex).
        guard serving > 0 else {
            // Where members answer for themselves, the cluster was seen without quorum; where none answers at all it
            // may be the way there that is broken.
            return voters.contains { $0.1.answers } && !knowsLeader(voters.map(\.0)) ? .quorumLost : .unknown
        }
        let isFine = findings.allSatisfy { $0.severity == .info }
        return isFine ? .healthy : .degraded
    }

    private func message(_ verdict: Verdict, serving: Int, voters: Int, findings: [Finding]) -> String {
        let worst = findings.max { $0.severity < $1.severity }
        switch verdict {
        case .healthy: return "\(serving) of \(voters) voting members serve linearizable reads"
        case .quorumLost:
            return "no voting member of \(voters) serves linearizable reads: the cluster has no quorum"
        case .unknown: return worst?.message ?? "no member answers"
        default: return worst?.message ?? "\(serving) of \(voters) voting members serve linearizable reads"
        }
    }

    private func memberFindings(_ members: [MemberHealth], _ standings: [Standing], hasQuorum: Bool) -> [Finding] {
        zip(members, standings).compactMap { member, standing in
            standing.finding(for: member, severity: hasQuorum || member.isLearner ? .warning : .critical)
        }
    }

    private func clusterFindings(
        _ observation: HealthObservation, voters: [(MemberHealth, Standing)], serving: Int, quorum: Int
    ) -> [Finding] {
        var findings: [Finding] = []
        let names = voters.map(\.0.name)
        let reached = voters.contains { $0.0.status.answer != nil }
        if let problem = observation.membershipProblem, reached {
            findings.append(
                Finding(
                    .membershipUncertain, .warning, "the list of members may be incomplete: \(problem)",
                    remedy: "Make the member list readable, or name every member in spec.endpoints."))
        }
        // Who lets nobody in has told nothing of the cluster; that we are not let in is a finding of its own.
        if serving == 0, !voters.allSatisfy({ $0.1.isRefused }) {
            let reason = (voters.lazy.compactMap { ($0.0.connection.failure ?? $0.0.status.failure)?.message }.first)
            if knowsLeader(voters.map(\.0)) {
                findings.append(
                    Finding(
                        .readsTimeOut, .critical, members: names,
                        "no linearizable read came back in time, though the members know a leader",
                        remedy: "Look at the load and the disks of the members; raise the inspection's timeout if this "
                            + "passes by itself."))
                return findings + IdentityJudge(observation).findings
            }
            findings.append(
                voters.contains { $0.1.answers }
                    ? Finding(
                        .quorumLost, .critical, members: names,
                        "no quorum: none of \(voters.count) voting members can confirm a read; \(quorum) must work together",
                        remedy: "Bring back enough members for \(quorum) to run; do not remove members or data.")
                    : Finding(
                        .clusterUnreachable, .critical, members: names,
                        voters.count == 1
                            ? "\(names[0]) does not answer from here: \(reason ?? "nothing is known")"
                            : "none of \(voters.count) voting members answers from here: \(reason ?? "nothing is known")",
                        remedy: "Check that the members run and that this machine can reach them."))
        } else if serving < voters.count, serving == quorum, voters.count > 1 {
            findings.append(
                Finding(
                    .quorumAtRisk, .critical,
                    "only \(serving) of \(voters.count) voting members serve: the loss of one more ends all writes",
                    remedy: "Bring back the members that do not serve before touching any other."))
        }
        return findings + IdentityJudge(observation).findings
    }

    private func alarmFindings(_ observation: HealthObservation) -> [Finding] {
        var findings: [Finding] = []
        // What a member of another cluster tells is no matter of this one.
        let own = observation.members.filter { !observation.isForeign($0) }
        // Every member tells the alarms of the whole cluster.
        var alarms: [RaisedAlarm] = []
        for alarm in own.compactMap({ $0.status.answer?.answer.alarms }).joined()
        where !alarms.contains(alarm) {
            alarms.append(alarm)
        }
        for alarm in alarms {
            let name = observation.members.first { $0.id == alarm.memberID }?.name ?? String(alarm.memberID, radix: 16)
            switch alarm.kind {
            case .noSpace:
                findings.append(
                    Finding(
                        .alarmNoSpace, .critical, members: [name],
                        "\(name) raised NOSPACE: the cluster takes no writes",
                        remedy: "Compact, defragment each member, then disarm the alarm; or raise the quota."))
            case .corrupt where alarm.isFreeze && !(observation.knownFreezes?.contains(alarm.memberID) ?? true):
                findings.append(
                    Finding(
                        .freezeUnaccounted, .critical,
                        "a migration that has no record here has frozen the cluster: it takes no writes",
                        remedy:
                            "Unless another Lodestone is moving this cluster, lift it with \"etcdctl alarm disarm\"; that "
                            + "clears every alarm that \"etcdctl alarm list\" shows."))
            case .corrupt where alarm.isFreeze:
                findings.append(
                    Finding(
                        .frozenByMigration, .warning,
                        "a migration has frozen the cluster: it takes no writes",
                        remedy:
                            "See \"lodestone get em\"; \"lodestone migrate rollback\", or deleting the EtcdMigration, lifts "
                            + "it."))
            case .corrupt:
                findings.append(
                    Finding(
                        .alarmCorrupt, .critical, members: [name],
                        "\(name) raised CORRUPT: the cluster takes no writes",
                        remedy: "Find the member whose data differs, replace it, then disarm the alarm."))
            }
        }
        guard let quota = observation.quota, quota.bytes > 0 else { return findings }
        for member in own {
            guard let size = member.status.answer?.answer.dbSize else { continue }
            let percent = Int64(Double(size) / Double(quota.bytes) * 100)
            if percent >= thresholds.quotaPercent {
                findings.append(
                    Finding(
                        .quotaNearlyUsed, .warning, members: [member.name],
                        "\(member.name) holds \(ByteCount(size).rounded), \(percent) % of its quota of \(quota.rounded)",
                        remedy: "Compact and defragment, delete what is not needed, or raise the quota."))
            }
        }
        return findings
    }
}
