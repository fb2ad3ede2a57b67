import Inspectors
import Model
import Testing

@testable import Controller

struct ClusterStatusBuilderTests {
    @Test("A member whose process ended is told with the reason of its end, not with the silence that follows")
    func processTrouble() {
        var cluster = EtcdCluster()
        cluster.metadata = ObjectMeta(name: "orders", namespace: "default")
        cluster.status.clusterID = "7"
        var member = MemberStatus()
        member.name = "orders-0"
        cluster.status.members = [member]
        var health = MemberHealth(name: "orders-0", id: 1, endpoint: "http://127.0.0.1:1", isLearner: false)
        health.connection = .failed(EvidenceFailure(.unreachable, "nothing listens there"))
        var builder = ClusterStatusBuilder(now: Timestamp(secondsSinceEpoch: 0))
        let observation = HealthObservation(takenAt: builder.now, members: [health])
        builder.health = observation
        builder.judgement = HealthInspector(thresholds: InspectionThresholds()).inspect(observation)
        builder.processes = [
            "orders-0": LocalProvider.ProcessView(
                phase: .backingOff, newRestarts: 1, message: "its file system is full")
        ]
        builder.update(&cluster)
        #expect(cluster.status.phase == .quorumLost)
        #expect(cluster.status.conditions[.ready]?.message == "orders-0: its file system is full")
        // A process that is there and silent is for the probes to tell of.
        builder.processes["orders-0"]?.pid = 1
        builder.update(&cluster)
        #expect(cluster.status.conditions[.ready]?.message.contains("nothing listens there") == true)
    }

    @Test("A member of another cluster is shown as that, and counts for nothing")
    func foreignMember() {
        func member(_ name: String, cluster: UInt64, revision: Int64) -> MemberHealth {
            var member = MemberHealth(name: name, id: 1, endpoint: "http://127.0.0.1:1", isLearner: false)
            let sample = StatusSample(
                clusterID: cluster, memberID: 1, version: "3.4.23", leader: 1, raftTerm: 1, raftIndex: 1,
                raftAppliedIndex: 1, revision: revision, dbSize: 1, dbSizeInUse: 1, isLearner: false)
            member.status = .answered(Timed(sample, .zero))
            member.linearizableRead = .answered(.zero)
            return member
        }
        var cluster = EtcdCluster()
        cluster.status.clusterID = "7"
        var builder = ClusterStatusBuilder(now: Timestamp(secondsSinceEpoch: 0))
        let observation = HealthObservation(
            takenAt: builder.now,
            members: [member("a", cluster: 7, revision: 5), member("b", cluster: 8, revision: 900)],
            expectedClusterID: 7)
        builder.health = observation
        builder.judgement = HealthInspector(thresholds: InspectionThresholds()).inspect(observation)
        builder.update(&cluster)
        #expect(cluster.status.readyMembers == 1)
        #expect(cluster.status.revision == 5)
        #expect(cluster.status.phase == .degraded)
        #expect(cluster.status.members.last?.phase == .unhealthy)
        #expect(cluster.status.members.last?.message == "belongs to cluster 8")
    }
}
