import Inspectors
import Model
import Testing

@testable import Observers

struct EarlierComparisonTests {
    private static let gone = EvidenceFailure(.unreachable, "connection refused")

    private static func observation(answering: [Bool], cluster: UInt64 = 7) -> ConsistencyObservation {
        ConsistencyObservation(
            takenAt: .now,
            members: answering.enumerated().map { index, isAnswering in
                var member = ConsistencyMember(name: "m\(index)", endpoint: "", isLearner: false)
                let sample = StatusSample(
                    clusterID: cluster, memberID: UInt64(index), version: "3.4.23", leader: 1, raftTerm: 1,
                    raftIndex: 9, raftAppliedIndex: 9, revision: 5, dbSize: 1, dbSizeInUse: 1, isLearner: false)
                let evidence: Evidence<StatusSample> = isAnswering ? .answered(sample) : .failed(gone)
                member.samples = [evidence, evidence]
                return member
            },
            brackets: [
                RevisionBracket(
                    before: .answered(5), members: answering.map { $0 ? .answered(5) : .failed(gone) },
                    after: .answered(5))
            ])
    }

    private static func compared() -> ConsistencyObservation {
        var earlier = observation(answering: [true, true, true])
        earlier.rounds = [
            ComparisonRound(
                revision: 5, keys: Array(repeating: .answered(3), count: 3),
                hashes: Array(repeating: .answered(HashAnswer(hash: 9, compactRevision: -1)), count: 3))
        ]
        return earlier
    }

    private func judge(_ observation: ConsistencyObservation) -> Judgement {
        ConsistencyInspector(thresholds: InspectionThresholds()).inspect(observation)
    }

    @Test("Earlier hashes stand in for members that answer")
    func standIn() {
        var now = Self.observation(answering: [true, true, true])
        ConsistencyObserver.carry(Self.compared(), into: &now)
        #expect(judge(now).verdict == .consistent)
    }

    @Test(
        "Earlier hashes never vouch for members that do not answer now",
        arguments: [[false, false, false], [true, true, false]])
    func silent(answering: [Bool]) {
        var now = Self.observation(answering: answering)
        ConsistencyObserver.carry(Self.compared(), into: &now)
        #expect(judge(now).verdict == .unknown)
    }

    @Test("Earlier hashes of another cluster with members of the same names say nothing")
    func otherCluster() {
        var now = Self.observation(answering: [true, true, true], cluster: 8)
        ConsistencyObserver.carry(Self.compared(), into: &now)
        #expect(now.rounds.isEmpty)
        #expect(judge(now).verdict == .unknown)
    }
}
