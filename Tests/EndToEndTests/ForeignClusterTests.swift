import Model
import TestSupport
import Testing

/// Another etcd cluster at the address of an imported one: told, and kept apart.
@Suite(.timeLimit(.minutes(15)))
struct ForeignClusterTests {
    private static func manifest(_ endpoint: String) -> String {
        """
        apiVersion: lodestone.dev/v1alpha1
        kind: EtcdCluster
        metadata: {name: legacy}
        spec:
          provider: Imported
          endpoints: ["\(endpoint)"]
          backup: {interval: 1h, retention: {keepLast: 1}}
          inspections:
            health: {interval: 1s}
        """
    }

    @Test("A foreign cluster is a finding, and its backups never displace those of the cluster before it")
    func foreign() async throws {
        try await withRealEtcd { own in
            try await withRealEtcd { foreign in
                try await ControllerFixture.run { fixture, _ in
                    try await fixture.apply(Self.manifest(own.endpoints[0]))
                    let before = try await fixture.waitForCluster("legacy")
                    let first = try await Self.backups(fixture, count: 1)
                    try await fixture.apply(Self.manifest(foreign.endpoints[0]))
                    let finding = try await eventually("the foreign cluster is told", timeout: .seconds(60)) {
                        try await fixture.record(EtcdInspection.self, "legacy-health")?.status.findings
                            .first { $0.code == "ClusterReplaced" }
                    }
                    #expect(finding.severity == .critical)
                    let after = try await fixture.waitForCluster("legacy", .degraded)
                    #expect(after.status.clusterID == before.status.clusterID)
                    #expect(after.status.incarnation != before.status.incarnation)
                    let both = try await Self.backups(fixture, count: 2)
                    #expect(Set(both.map(\.status.incarnation)).count == 2)
                    #expect(both.allSatisfy { $0.status.clusterID == $0.status.incarnation })
                    #expect(both.contains { $0.metadata.uid == first[0].metadata.uid })
                }
            }
        }
    }

    private static func backups(_ fixture: ControllerFixture, count: Int) async throws -> [EtcdBackup] {
        try await eventually("\(count) backups are stored", timeout: .seconds(60)) {
            let good = try await fixture.records(EtcdBackup.self).filter { $0.status.phase == .succeeded }
            return good.count >= count ? good : nil
        }
    }
}
