import Inspectors
import Model
import Testing

struct ConsistencyInspectorTests {
    static func sample(revision: Int64 = 50, applied: UInt64 = 100, committed: UInt64 = 100, cluster: UInt64 = 7)
        -> Evidence<StatusSample>
    {
        .answered(
            StatusSample(
                clusterID: cluster, memberID: 1, version: "3.4.23", leader: 1, raftTerm: 2, raftIndex: committed,
                raftAppliedIndex: applied, revision: revision, dbSize: 1, dbSizeInUse: 1, isLearner: false))
    }

    static func round(_ revision: Int64, hashes: [UInt32?], keys: [Int64]? = nil, compact: [Int64]? = nil)
        -> ComparisonRound
    {
        ComparisonRound(
            revision: revision,
            keys: hashes.indices.map { index in
                hashes[index] == nil
                    ? .failed(EvidenceFailure(.unreachable, "connection refused")) : .answered(keys?[index] ?? 10)
            },
            hashes: hashes.enumerated().map { index, hash in
                guard let hash else { return .failed(EvidenceFailure(.unreachable, "connection refused")) }
                return .answered(HashAnswer(hash: hash, compactRevision: compact?[index] ?? 3))
            })
    }

    static func bracket(_ before: Int64, _ members: [Int64], _ after: Int64) -> RevisionBracket {
        RevisionBracket(before: .answered(before), members: members.map { .answered($0) }, after: .answered(after))
    }

    /// A sound cluster of so many members, for tests to spoil.
    static func observation(_ count: Int = 3) -> ConsistencyObservation {
        ConsistencyObservation(
            takenAt: Timestamp(secondsSinceEpoch: 0),
            members: (1...count).map { index in
                var member = ConsistencyMember(
                    name: "m\(index)", endpoint: "http://127.0.0.1:\(index)", isLearner: false)
                member.samples = [sample(), sample()]
                member.memberIDs = .answered((1...UInt64(count)).map { $0 })
                return member
            },
            brackets: [bracket(50, Array(repeating: 50, count: count), 50)],
            rounds: [round(50, hashes: Array(repeating: 9, count: count))])
    }

    static func judge(_ observation: ConsistencyObservation) -> Judgement {
        ConsistencyInspector(thresholds: InspectionThresholds()).inspect(observation)
    }

    @Test("Members that agree are consistent, with revision, keys and hash in the message")
    func agreement() {
        let judgement = Self.judge(Self.observation())
        #expect(judgement.verdict == .consistent)
        #expect(judgement.message == "3 members agree at revision 50, 10 keys, hash 9")
        #expect(judgement.findings.isEmpty)
        #expect(judgement.evidence.map(\.verdict) == [.consistent, .consistent, .consistent])
    }

    @Test("A hash that differs twice names the minority")
    func hashMinority() {
        var observation = Self.observation()
        observation.rounds = [Self.round(50, hashes: [9, 8, 9]), Self.round(60, hashes: [19, 18, 19])]
        let judgement = Self.judge(observation)
        #expect(judgement.verdict == .diverged)
        #expect(judgement.findings.map(\.members) == [["m2"]])
        #expect(judgement.evidence.map(\.verdict) == [.consistent, .diverged, .consistent])
    }

    @Test("A hash that differs once accuses nobody")
    func hashOnce() {
        var observation = Self.observation()
        observation.rounds = [Self.round(50, hashes: [9, 8, 9])]
        #expect(Self.judge(observation).verdict == .unknown)
        observation.rounds = [Self.round(50, hashes: [9, 8, 9]), Self.round(60, hashes: [7, 7, 7])]
        #expect(Self.judge(observation).verdict == .consistent)
        observation.rounds = [Self.round(50, hashes: [9, 8, 9]), Self.round(60, hashes: [9, 9, 8])]
        #expect(Self.judge(observation).verdict == .unknown)
    }

    @Test("Two members that differ have no culprit, and four split evenly neither")
    func noMajority() {
        var two = Self.observation(2)
        two.rounds = [Self.round(50, hashes: [9, 8]), Self.round(60, hashes: [9, 8])]
        let judgement = Self.judge(two)
        #expect(judgement.verdict == .diverged)
        #expect(judgement.findings.first?.members == ["m1", "m2"])
        #expect(judgement.findings.first?.message.contains("no majority") == true)
        var four = Self.observation(4)
        four.rounds = [Self.round(50, hashes: [9, 8, 9, 8]), Self.round(60, hashes: [9, 8, 9, 8])]
        #expect(Self.judge(four).findings.first?.members.count == 4)
    }

    @Test("Hashes above different compact revisions are not compared")
    func compaction() {
        var observation = Self.observation()
        observation.rounds = [
            Self.round(50, hashes: [9, 8, 9], compact: [3, 40, 3]),
            Self.round(60, hashes: [9, 8, 9], compact: [3, 40, 3]),
        ]
        let judgement = Self.judge(observation)
        #expect(judgement.verdict == .unknown)
        #expect(judgement.findings.map(\.code.rawValue) == ["NotCompared"])
        #expect(judgement.findings.map(\.members) == [["m2"]])
    }

    @Test("A member that was compared with no other agrees with nobody")
    func alone() {
        var observation = Self.observation()
        observation.rounds = [Self.round(50, hashes: [9, nil, nil])]
        #expect(Self.judge(observation).verdict == .unknown)
        #expect(Self.judge(observation).evidence.map(\.verdict) == [.unknown, .unknown, .unknown])
    }

    @Test("A member that does not answer makes the verdict unknown, not fine and not diverged")
    func missing() {
        var observation = Self.observation()
        observation.rounds = [Self.round(50, hashes: [9, nil, 9])]
        observation.members[1].samples = [.failed(EvidenceFailure(.unreachable, "connection refused"))]
        let judgement = Self.judge(observation)
        #expect(judgement.verdict == .unknown)
        #expect(judgement.evidence.map(\.verdict) == [.consistent, .unknown, .consistent])
    }

    @Test("Nothing compared is unknown")
    func nothing() {
        var observation = Self.observation()
        observation.rounds = []
        #expect(Self.judge(observation).verdict == .unknown)
        observation.members = []
        #expect(Self.judge(observation).verdict == .unknown)
    }

    @Test("A key count that differs twice names the minority")
    func keyCounts() {
        var observation = Self.observation()
        observation.rounds = [
            Self.round(50, hashes: [9, 9, 9], keys: [10, 10, 11]),
            Self.round(60, hashes: [9, 9, 9], keys: [10, 10, 11]),
        ]
        let judgement = Self.judge(observation)
        #expect(judgement.verdict == .diverged)
        #expect(judgement.findings.map(\.code.rawValue) == ["KeyCountsDiffer"])
        #expect(judgement.findings.map(\.members) == [["m3"]])
    }

    @Test("A member far behind lags, and is not accused of holding other data")
    func lag() {
        var observation = Self.observation()
        observation.members[2].samples = [Self.sample(revision: 1, applied: 1), Self.sample(revision: 2, applied: 2)]
        for index in 0..<2 {
            observation.members[index].samples = Array(repeating: Self.sample(applied: 5000, committed: 5000), count: 2)
        }
        let judgement = Self.judge(observation)
        #expect(judgement.verdict == .lagging)
        #expect(judgement.findings.map(\.members) == [["m3"]])
    }

    @Test("A member behind in one sample only does not lag")
    func catchingUp() {
        var observation = Self.observation()
        for index in 0..<3 {
            observation.members[index].samples = Array(repeating: Self.sample(applied: 5000, committed: 5000), count: 2)
        }
        observation.members[2].samples[0] = Self.sample(revision: 1, applied: 1)
        #expect(Self.judge(observation).verdict == .consistent)
    }

    @Test("Different revisions at one applied index that stands still are a divergence")
    func stillRevisions() {
        var observation = Self.observation()
        observation.members[0].samples = Array(repeating: Self.sample(revision: 49), count: 2)
        let judgement = Self.judge(observation)
        #expect(judgement.verdict == .diverged)
        #expect(judgement.findings.map(\.members) == [["m1"]])
    }

    @Test("Different revisions while the index moves are no finding")
    func movingRevisions() {
        var observation = Self.observation()
        observation.members[0].samples = [Self.sample(revision: 49), Self.sample(revision: 51, applied: 102)]
        observation.members[1].samples = [Self.sample(revision: 50), Self.sample(revision: 52, applied: 102)]
        #expect(Self.judge(observation).verdict == .consistent)
    }

    @Test(
        "A revision outside its bracket is a divergence only when it happens twice",
        arguments: [
            ([bracket(50, [50, 50, 49], 50)], .unknown),
            ([bracket(50, [50, 50, 49], 50), bracket(50, [50, 50, 49], 50)], .diverged),
            ([bracket(50, [50, 50, 49], 50), bracket(50, [50, 50, 50], 50)], .consistent),
            ([bracket(50, [55, 52, 50], 55)], .consistent),
            ([bracket(50, [56, 52, 50], 55), bracket(50, [56, 52, 50], 55)], .diverged),
        ] as [([RevisionBracket], Verdict)])
    func brackets(brackets: [RevisionBracket], verdict: Verdict) {
        var observation = Self.observation()
        observation.brackets = brackets
        #expect(Self.judge(observation).verdict == verdict)
    }

    @Test("Members of two clusters are not compared but reported")
    func clusters() {
        var observation = Self.observation()
        observation.members[1].samples = Array(repeating: Self.sample(cluster: 8), count: 2)
        let judgement = Self.judge(observation)
        #expect(judgement.verdict == .diverged)
        #expect(judgement.findings.first?.code == "DifferentClusters")
    }

    @Test("A single member agrees with itself")
    func single() {
        let judgement = Self.judge(Self.observation(1))
        #expect(judgement.verdict == .consistent)
        #expect(judgement.message == "the only member at revision 50, 10 keys, hash 9")
    }
}
