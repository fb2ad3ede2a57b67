import Model
import Testing

@testable import Controller

struct ClusterIdentityTests {
    private func cluster(_ provider: Provider, id: String, incarnation: String) -> EtcdCluster {
        var cluster = EtcdCluster()
        cluster.spec.provider = provider
        cluster.status.clusterID = id
        cluster.status.incarnation = incarnation
        return cluster
    }

    private func seen(_ ids: UInt64...) -> HealthObservation {
        HealthObservation(
            takenAt: .now,
            members: ids.enumerated().map { index, id in
                var member = MemberHealth(name: "m\(index)", id: nil, endpoint: "", isLearner: false)
                let sample = StatusSample(
                    clusterID: id, memberID: 1, version: "3.4.23", leader: 1, raftTerm: 1, raftIndex: 1,
                    raftAppliedIndex: 1, revision: 1, dbSize: 1, dbSizeInUse: 1, isLearner: false)
                member.status = .answered(Timed(sample, .zero))
                return member
            })
    }

    @Test("A foreign cluster at the same address gets an incarnation of its own and does not become the record's")
    func foreign() {
        var record = cluster(.imported, id: "a", incarnation: "a")
        #expect(ClusterIdentity.settle(&record, by: seen(0xb, 0xb)))
        #expect(record.status.incarnation == "b")
        #expect(record.status.clusterID == "a")
        // And back again: the first one's backups are continued.
        #expect(ClusterIdentity.settle(&record, by: seen(0xa)))
        #expect(record.status.incarnation == "a")
    }

    @Test("A foreign cluster becomes the record's when a person says so, by its ID")
    func accepted() {
        var record = cluster(.imported, id: "a", incarnation: "a")
        record.metadata.annotations[EtcdCluster.acceptedClusterID] = "b"
        _ = ClusterIdentity.settle(&record, by: seen(0xb))
        #expect(record.status.clusterID == "b")
        _ = ClusterIdentity.settle(&record, by: seen(0xc))
        #expect(record.status.clusterID == "b")
    }

    @Test("Members of different clusters settle nothing")
    func mixed() {
        var record = cluster(.imported, id: "", incarnation: "")
        #expect(!ClusterIdentity.settle(&record, by: seen(0xa, 0xb)))
        #expect(record.status.clusterID.isEmpty && record.status.incarnation.isEmpty)
        #expect(!ClusterIdentity.settle(&record, by: seen(0xa, 0xa)))
        #expect(record.status.incarnation == "a")
    }

    @Test("A Local cluster keeps its incarnation, which names its directories, and its first ID")
    func local() {
        var record = cluster(.local, id: "", incarnation: "token")
        #expect(!ClusterIdentity.settle(&record, by: seen(0xa)))
        #expect(!ClusterIdentity.settle(&record, by: seen(0xb)))
        #expect(record.status.incarnation == "token")
        #expect(record.status.clusterID == "a")
    }

    @Test("A cluster that only some endpoints lead to does not take the record over")
    func mixedEndpoints() {
        var unsettled = cluster(.imported, id: "", incarnation: "")
        var health = seen(0xa)
        health.strangers = [ForeignEndpoint(endpoint: "http://h:1", clusterID: 0xb)]
        #expect(!ClusterIdentity.settle(&unsettled, by: health))
        #expect(unsettled.status.clusterID.isEmpty)
        // A silent member may be of the record's own cluster.
        var record = cluster(.imported, id: "a", incarnation: "a")
        health = seen(0xb)
        health.expectedClusterID = 0xa
        health.members.append(MemberHealth(name: "m9", id: nil, endpoint: "", isLearner: false))
        #expect(!ClusterIdentity.settle(&record, by: health))
        #expect(record.status.incarnation == "a")
        health.members.removeLast()
        #expect(ClusterIdentity.settle(&record, by: health))
        #expect(record.status.incarnation == "b")
    }
}
