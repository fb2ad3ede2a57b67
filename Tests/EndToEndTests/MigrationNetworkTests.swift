import Glibc
import Model
import TestSupport
import Testing

/// A migration whose ends are cut off, hang and stand still: it waits, goes on, and loses nothing.
@Suite(.serialized, .timeLimit(.minutes(15)))
struct MigrationNetworkTests {
    @Test("Cut off, hanging and stopped ends delay a migration and change nothing of its end")
    func interrupted() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await fixture.apply(ControllerFixture.manifest("real", size: 1))
            let endpoint = try await fixture.waitForCluster("real").status.members[0].endpoint
            let port = try #require(endpoint.split(separator: ":").last.flatMap { Int($0) })
            try await FaultyProxy.with(to: port) { proxy in
                let address = "http://127.0.0.1:\(proxy.port)"
                try await fixture.apply(
                    """
                    apiVersion: lodestone.dev/v1alpha1
                    kind: EtcdCluster
                    metadata: {name: orders}
                    spec:
                      provider: Imported
                      endpoints: ["\(address)"]
                      endpointMap: [{advertised: "\(endpoint)", reachable: "\(address)"}]
                    """)
                try await fixture.succeed("wait", "ec/orders", "--for", "condition=Ready", "--timeout", "60s")
                let writer = try await SteadyWriter.start(at: endpoint)
                try await fixture.succeed("migrate", "orders", "orders2", "--size", "1", "--etcd-version", "3.4.23")

                for fault in [FaultyProxy.Fault.cut(afterBytes: 0), .hang(afterBytes: 0), .cut(afterBytes: 3000)] {
                    proxy.set(fault)
                    try await writer.reach(writer.acknowledged + 1500)
                    proxy.set(.none)
                    try await caughtUp(fixture)
                }
                let member = try destination(fixture)
                kill(member, SIGSTOP)
                try await writer.reach(writer.acknowledged + 1500)
                kill(member, SIGCONT)
                try await caughtUp(fixture)

                // Cut off in the middle of changing over: whatever it had come to, it ends well.
                try await fixture.succeed("migrate", "approve", "orders-to-orders2", "--wait=false")
                proxy.set(.cut(afterBytes: 20_000))
                try await Task.sleep(for: .seconds(1))
                proxy.set(.none)
                try await eventually("the migration is completed", timeout: .seconds(120)) {
                    try await fixture.record(EtcdMigration.self, "orders-to-orders2")?.status.phase == .completed
                }
                let acknowledged = await writer.end()
                let migration = try #require(try await fixture.record(EtcdMigration.self, "orders-to-orders2"))
                #expect(migration.status.seeding == 1, "\(migration.status.reseedReason)")
                let revision = try #require(migration.status.frozenRevision)
                let copy = try await fixture.waitForCluster("orders2").status.members[0].endpoint
                #expect(try await Etcdctl.hash(copy, at: revision) == Etcdctl.hash(endpoint, at: revision))
                let keys = try await Etcdctl.run(copy, ["get", "writer/", "--prefix", "--keys-only"])
                #expect(acknowledged.subtracting(keys.split(separator: "\n").map(String.init)).isEmpty)
            }
        }
    }

    /// Waits until the destination has what the source has now.
    private func caughtUp(_ fixture: ControllerFixture) async throws {
        let start = Timestamp.now
        try await eventually("the destination has caught up", timeout: .seconds(60)) {
            let status = try await fixture.record(EtcdMigration.self, "orders-to-orders2")?.status
            return Timestamp.now - start > .seconds(1) && status?.conditions[.synced]?.status == .true
                && (status?.lagRevisions ?? .max) < 200
        }
    }

    /// The process of the destination's member.
    private func destination(_ fixture: ControllerFixture) throws -> Int32 {
        try #require(
            fixture.members.first { process in
                readTextFile("/proc/\(process)/cmdline")?.contains("--name=orders2-0\0") ?? false
            })
    }
}
