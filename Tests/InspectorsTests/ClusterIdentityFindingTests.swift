import Inspectors
import Model
import Testing

/// What answers of other clusters mean to a record that stands for cluster 7.
struct ClusterIdentityFindingTests {
    private static func judge(_ members: [MemberHealth], strangers: [ForeignEndpoint] = []) -> Judgement {
        let observation = HealthObservation(
            takenAt: Timestamp(secondsSinceEpoch: 0), members: members, expectedClusterID: 7, strangers: strangers)
        return HealthInspector(thresholds: HealthInspectorTests.thresholds).inspect(observation)
    }

    private static func member(
        _ index: Int, _ state: HealthInspectorTests.State, cluster: UInt64 = 7, alarms: [RaisedAlarm] = []
    ) -> MemberHealth {
        HealthInspectorTests.member(index, state, cluster: cluster, alarms: alarms)
    }

    @Test("An endpoint of another cluster is told, and its cluster is not counted")
    func stranger() {
        let judgement = Self.judge(
            [Self.member(1, .serving)], strangers: [ForeignEndpoint(endpoint: "http://h:1", clusterID: 0xb)])
        #expect(judgement.verdict == .degraded)
        #expect(judgement.findings.map(\.code) == [.differentClusters])
        #expect(
            judgement.findings.first?.message == "http://h:1 belongs to cluster b; this record stands for cluster 7")
        #expect(judgement.findings.first?.severity == .critical)
        #expect(judgement.findings.first?.remedy.contains("accept-cluster-id") == false)
    }

    @Test("A member that formed a cluster of its own serves nothing of this one, and proves no quorum")
    func reformed() {
        let alone = Self.judge([
            Self.member(1, .alone), Self.member(2, .dead), Self.member(3, .serving, cluster: 8),
        ])
        #expect(alone.verdict == .quorumLost)
        #expect(alone.findings.contains { $0.code == .differentClusters && $0.members == ["m3"] })
        #expect(alone.evidence.last?.verdict == .unknown)
        let nobody = Self.judge([Self.member(1, .dead), Self.member(2, .dead), Self.member(3, .serving, cluster: 8)])
        #expect(nobody.verdict == .unknown)
        #expect(!nobody.findings.contains { $0.code == .clusterReplaced })
        #expect(nobody.findings.contains { $0.remedy.contains("accept-cluster-id") })
    }

    @Test("Alarms of another cluster are not this one's")
    func alarms() {
        let alarm = RaisedAlarm(kind: .corrupt, memberID: 3)
        let judgement = Self.judge([Self.member(1, .serving), Self.member(3, .serving, cluster: 8, alarms: [alarm])])
        #expect(judgement.findings.map(\.code) == [.differentClusters])
        #expect(judgement.verdict == .degraded)
    }
}
