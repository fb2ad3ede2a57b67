import Inspectors
import Model
import Testing

struct HealthInspectorTests {
    enum State { case serving, dead, silent, hungUp, alone, slow, refused, readRefused, noRead }

    static let thresholds = InspectionThresholds()

    static func member(
        _ index: Int, _ state: State, cluster: UInt64 = 7, learner: Bool = false, size: Int64 = 1000,
        alarms: [RaisedAlarm] = []
    )
        -> MemberHealth
    {
        var member = MemberHealth(
            name: "m\(index)", id: UInt64(index), endpoint: "http://127.0.0.1:\(index)", isLearner: learner)
        if state == .dead {
            member.connection = .failed(EvidenceFailure(.unreachable, "connection refused"))
            return member
        }
        member.connection = .answered(.milliseconds(1))
        if state == .silent {
            member.status = .failed(EvidenceFailure(.timeout, "no answer within 5s"))
            return member
        }
        if state == .hungUp {
            member.status = .failed(EvidenceFailure(.other, "the server closed the connection"))
            return member
        }
        if state == .refused {
            member.status = .failed(EvidenceFailure(.refused, "the password is wrong"))
            return member
        }
        member.status = .answered(
            Timed(
                StatusSample(
                    clusterID: cluster, memberID: UInt64(index), version: "3.4.23", leader: 1, raftTerm: 2,
                    raftIndex: 10,
                    raftAppliedIndex: 10, revision: 5, dbSize: size, dbSizeInUse: size, isLearner: learner,
                    alarms: alarms),
                .milliseconds(1)))
        if state == .readRefused {
            member.linearizableRead = .failed(EvidenceFailure(.refused, "user name is empty"))
            member.serializableRead = member.linearizableRead
            return member
        }
        if state == .noRead {
            member.serializableRead = .failed(EvidenceFailure(.other, "input/output error"))
            return member
        }
        member.serializableRead = .answered(.milliseconds(1))
        if learner { return member }
        member.linearizableRead =
            switch state {
            case .alone: .failed(EvidenceFailure(.noLeader, "no leader"))
            case .slow: .answered(.seconds(2))
            default: .answered(.milliseconds(2))
            }
        return member
    }

    static func judge(_ states: [State]) -> Judgement {
        judge(states.enumerated().map { member($0.offset + 1, $0.element) })
    }

    static func judge(_ members: [MemberHealth], quota: ByteCount? = nil) -> Judgement {
        HealthInspector(thresholds: thresholds).inspect(
            HealthObservation(takenAt: Timestamp(secondsSinceEpoch: 0), members: members, quota: quota))
    }

    @Test(
        "Members' ladders give the verdict",
        arguments: [
            ([.serving], .healthy, []),
            ([.serving, .serving, .serving], .healthy, []),
            ([.serving, .serving, .dead], .degraded, ["MemberUnreachable", "QuorumAtRisk"]),
            ([.serving, .serving, .serving, .serving, .dead], .degraded, ["MemberUnreachable"]),
            ([.serving, .serving, .alone], .degraded, ["MemberWithoutQuorum", "QuorumAtRisk"]),
            ([.serving, .serving, .silent], .degraded, ["MemberSilent", "QuorumAtRisk"]),
            ([.serving, .serving, .noRead], .degraded, ["MemberReadFails", "QuorumAtRisk"]),
            ([.serving, .slow, .serving], .degraded, ["SlowProbe"]),
            (
                [.alone, .dead, .dead], .quorumLost,
                ["MemberUnreachable", "MemberUnreachable", "MemberWithoutQuorum", "QuorumLost"]
            ),
            (
                [.alone, .alone, .alone], .quorumLost,
                ["MemberWithoutQuorum", "MemberWithoutQuorum", "MemberWithoutQuorum", "QuorumLost"]
            ),
            (
                [.dead, .dead, .dead], .unknown,
                ["ClusterUnreachable"]
            ),
            ([.refused], .unknown, ["AccessRefused"]),
            ([.readRefused], .unknown, ["AccessRefused"]),
            ([.refused, .readRefused], .unknown, ["AccessRefused", "AccessRefused"]),
            ([.readRefused, .dead], .unknown, ["AccessRefused", "ClusterUnreachable", "MemberUnreachable"]),
            ([.hungUp], .unknown, ["ClusterUnreachable", "MemberSilent"]),
            ([.dead], .unknown, ["ClusterUnreachable"]),
        ] as [([State], Verdict, [String])])
    func verdicts(states: [State], verdict: Verdict, codes: [String]) {
        let judgement = Self.judge(states)
        #expect(judgement.verdict == verdict)
        #expect(judgement.findings.map(\.code.rawValue).sorted() == codes.sorted())
        #expect(judgement.evidence.count == states.count)
        #expect(judgement.findings.allSatisfy { !$0.remedy.isEmpty && !$0.message.isEmpty })
    }

    @Test("A member that ends the connection is a matter of endpoint and certificates, not of its disk")
    func hungUp() throws {
        let silent = try #require(
            Self.judge([.serving, .serving, .silent]).findings.first { $0.code == "MemberSilent" })
        #expect(silent.message.contains("does not answer") && silent.remedy.contains("disk"))
        let hungUp = try #require(Self.judge([.hungUp]).findings.first { $0.code == "MemberSilent" })
        #expect(hungUp.message.contains("a call fails: the server closed the connection"))
        #expect(hungUp.remedy.contains("certificates") && !hungUp.remedy.contains("disk"))
    }

    @Test("Nothing known is unknown, never fine")
    func nothing() {
        #expect(Self.judge([MemberHealth]()).verdict == .unknown)
        let unasked = MemberHealth(name: "m1", id: 1, endpoint: "http://127.0.0.1:1", isLearner: false)
        #expect(Self.judge([unasked]).verdict == .unknown)
    }

    @Test("A learner needs no linearizable read and does not count for quorum")
    func learner() {
        let members = [Self.member(1, .serving), Self.member(2, .serving, learner: true)]
        #expect(Self.judge(members).verdict == .healthy)
        let dead = [Self.member(1, .serving), Self.member(2, .dead, learner: true)]
        #expect(Self.judge(dead).findings.map(\.code.rawValue) == ["MemberUnreachable"])
    }

    @Test("Members of two clusters are a critical finding")
    func twoClusters() {
        let judgement = Self.judge([Self.member(1, .serving), Self.member(2, .serving, cluster: 8)])
        // Nothing tells which of them the record stands for, so nothing is known of it.
        #expect(judgement.verdict == .unknown)
        #expect(judgement.findings.first?.code == "DifferentClusters")
        #expect(judgement.findings.first?.severity == .critical)
    }

    @Test("Alarms and a filling quota are findings, told once however many members tell them")
    func alarms() {
        let alarm = RaisedAlarm(kind: .noSpace, memberID: 1)
        let members = [
            Self.member(1, .serving, size: 900, alarms: [alarm]), Self.member(2, .serving, size: 1, alarms: [alarm]),
        ]
        let judgement = Self.judge(members, quota: ByteCount(1000))
        #expect(judgement.findings.map(\.code.rawValue) == ["AlarmNoSpace", "QuotaNearlyUsed"])
        #expect(judgement.verdict == .degraded)
    }

    @Test("The freeze of a migration is told as what it is, and a genuine alarm beside it as well")
    func freeze() {
        let freeze = RaisedAlarm(kind: .corrupt, memberID: RaisedAlarm.freezeTag(of: "a"))
        let frozen = Self.judge([Self.member(1, .serving, alarms: [freeze])])
        #expect(frozen.findings.map(\.code) == [.frozenByMigration])
        let common = RaisedAlarm(kind: .corrupt, memberID: RaisedAlarm.commonFreezeTag)
        #expect(Self.judge([Self.member(1, .serving, alarms: [common])]).findings.map(\.code) == [.frozenByMigration])
        let genuine = RaisedAlarm(kind: .corrupt, memberID: 1)
        let both = Self.judge([Self.member(1, .serving, alarms: [freeze, genuine])])
        #expect(both.findings.map(\.code) == [.alarmCorrupt, .frozenByMigration])
    }

    @Test(
        "A freeze of which no record tells is a critical finding with its remedy; what is not known accuses nobody",
        arguments: [
            (nil, FindingCode.frozenByMigration), (["a"], .frozenByMigration), (["b"], .freezeUnaccounted),
            ([], .freezeUnaccounted),
        ] as [([String]?, FindingCode)])
    func freezeWithoutRecord(records: [String]?, code: FindingCode) {
        let freeze = RaisedAlarm(kind: .corrupt, memberID: RaisedAlarm.freezeTag(of: "a"))
        var observation = HealthObservation(
            takenAt: Timestamp(secondsSinceEpoch: 0), members: [Self.member(1, .serving, alarms: [freeze])])
        #expect(observation.freezes == [freeze.memberID])
        observation.knownFreezes = records.map { Set($0.map(RaisedAlarm.freezeTag)) }
        let findings = HealthInspector(thresholds: Self.thresholds).inspect(observation).findings
        #expect(findings.map(\.code) == [code])
        if code == .freezeUnaccounted { #expect(findings[0].remedy.contains("etcdctl alarm disarm")) }
    }

    @Test("The worst finding comes first")
    func order() {
        let findings = Self.judge([.slow, .serving, .dead]).findings
        #expect(findings.first?.severity == .critical)
        #expect(findings.map(\.severity) == findings.map(\.severity).sorted(by: >))
    }

    @Test("Another cluster than the one the record stands for is a critical finding, however well it serves")
    func replacedCluster() {
        var observation = HealthObservation(
            takenAt: Timestamp(secondsSinceEpoch: 0), members: (1...3).map { Self.member($0, .serving, cluster: 0xb) },
            expectedClusterID: 0xa)
        let judgement = HealthInspector(thresholds: Self.thresholds).inspect(observation)
        #expect(judgement.verdict == .degraded)
        #expect(judgement.findings.map(\.code) == [.clusterReplaced])
        #expect(judgement.findings.first?.severity == .critical)
        observation.expectedClusterID = 0xb
        #expect(HealthInspector(thresholds: Self.thresholds).inspect(observation).verdict == .healthy)
    }

    @Test("Reads that run out of time under a known leader are no loss of quorum; without a leader they are")
    func slowReads() {
        var members = (1...3).map { Self.member($0, .alone) }
        for index in members.indices {
            members[index].linearizableRead = .failed(EvidenceFailure(.timeout, "no answer within 1s"))
        }
        let judgement = Self.judge(members)
        #expect(judgement.verdict == .unknown)
        #expect(judgement.findings.contains { $0.code == .readsTimeOut && $0.severity == .critical })
        #expect(!judgement.findings.contains { $0.code == .quorumLost })
        // One that answers of three proves nothing for the others.
        #expect(Self.judge([members[0], Self.member(2, .dead), Self.member(3, .dead)]).verdict == .quorumLost)
    }
}
