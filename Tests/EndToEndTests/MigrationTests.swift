import Model
import TestSupport
import Testing

/// A cluster moved to another one while clients write to it, as a person does it.
@Suite(.serialized, .timeLimit(.minutes(15)))
struct MigrationTests {
    @Test("Everything that was acknowledged is at the destination, at the same revision, with the same hash")
    func exact() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await fixture.apply(ControllerFixture.manifest("orders", size: 1))
            let source = try await fixture.waitForCluster("orders")
            let endpoint = source.status.members[0].endpoint
            let writer = try await SteadyWriter.start(at: endpoint)
            try await writer.reach(200)
            let waiting = try await fixture.succeed("migrate", "orders", "orders2", "--size", "1")
            #expect(waiting.contains("Ready"), "\(waiting)")
            // Nobody is told of the destination before it serves.
            try await writer.reach(writer.acknowledged + 200)
            let output = try await fixture.succeed("migrate", "approve", "orders-to-orders2")
            #expect(output.contains("Completed") && output.contains("Equal"), "\(output)")
            let acknowledged = await writer.end()
            let copy = try await fixture.waitForCluster("orders2")
            let migration = try #require(try await fixture.record(EtcdMigration.self, "orders-to-orders2"))
            let revision = try #require(migration.status.frozenRevision)
            let member = copy.status.members[0].endpoint
            #expect(try await Etcdctl.hash(member, at: revision) == Etcdctl.hash(endpoint, at: revision))
            let keys = try await Etcdctl.run(member, ["get", "", "--prefix", "--keys-only"]).split(separator: "\n")
            #expect(acknowledged.subtracting(keys.map(String.init)).isEmpty, "acknowledged and not there")
            // The source refuses, the destination takes.
            #expect(try await put(endpoint, "late").errors.contains("corrupt cluster"))
            #expect(try await put(member, "late").status == 0)
            #expect(migration.status.pause.map { $0 < .seconds(60) } ?? false)

            let refusal = try await fixture.lodestone("migrate", "rollback", "orders-to-orders2")
            #expect(refusal.status == 1 && refusal.errors.contains("--yes"), "\(refusal.errors)")
            let end = try #require(migration.status.rollbackUntil)
            #expect(end == migration.status.completionTime.map { $0 + .seconds(86_400) })
            try await setWindow("1s", fixture)
            let late = try await eventually("the window is over", timeout: .seconds(20)) {
                let late = try await fixture.lodestone("migrate", "rollback", "orders-to-orders2", "--yes", "--dry-run")
                return late.status == 0 ? nil : late
            }
            #expect(late.errors.contains("make spec.rollbackWindow longer"), "\(late.errors)")
            try await eventually("the status says until when it was") {
                let until = try await fixture.record(EtcdMigration.self, "orders-to-orders2")?.status.rollbackUntil
                return until.map { $0 < end } ?? false
            }
            #expect(try await put(endpoint, "late").errors.contains("corrupt cluster"), "nothing happens by itself")
            try await setWindow("48h", fixture)
            try await fixture.succeed("migrate", "rollback", "orders-to-orders2", "--yes")
            let back = try #require(try await fixture.record(EtcdMigration.self, "orders-to-orders2"))
            #expect(back.status.rollbackUntil == nil)
            #expect(try await put(endpoint, "back").status == 0)
        }
    }

    @Test("A migration that is cancelled leaves the source as it was, and the destination stopped")
    func cancelled() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await fixture.apply(ControllerFixture.manifest("orders", size: 1))
            let source = try await fixture.waitForCluster("orders")
            try await fixture.succeed("migrate", "orders", "orders2")
            let output = try await fixture.succeed("migrate", "cancel", "orders-to-orders2")
            #expect(output.contains("Cancelled"), "\(output)")
            #expect(try await put(source.status.members[0].endpoint, "on").status == 0)
            try await eventually("the destination is given up") {
                try await fixture.record(EtcdCluster.self, "orders2")?.status.restore?.phase == .failed
            }
        }
    }

    private func setWindow(_ text: String, _ fixture: ControllerFixture) async throws {
        let path = fixture.file("window.yaml")
        try writeTextFile(
            path,
            """
            apiVersion: lodestone.dev/v1alpha1
            kind: EtcdMigration
            metadata: {name: orders-to-orders2}
            spec:
              sourceRef: {name: orders}
              destinationRef: {name: orders2}
              destination: {size: 1}
              cutover: {approved: true}
              rollbackWindow: \(text)
            """)
        try await fixture.succeed("apply", "-f", path)
    }

    private func put(_ endpoint: String, _ key: String) async throws -> ChildProcess.Output {
        try await Etcdctl.attempt(endpoint, ["put", key, "x"])
    }
}
