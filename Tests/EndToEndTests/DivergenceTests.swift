import Etcd
import Glibc
import Model
import Synchronization
import TestSupport
import Testing
import Transport

/// The consistency inspection as the controller runs it: names the member that differs, and never one that does not.
@Suite(.timeLimit(.minutes(Soak.isLong ? 25 : 12)))
struct DivergenceTests {
    private static let inspections = """
          inspections:
            health: {interval: 2s}
            consistency: {interval: 3s}
        """

    @Test("A value byte flipped on the disk of a stopped member names that member, and backups avoid it")
    func flippedByte() async throws {
        try await ControllerFixture.run { fixture, controller in
            try await fixture.apply(ControllerFixture.manifest("orders", more: Self.inspections))
            try await fixture.waitForCluster("orders")
            let cluster = try await fixture.waitForCluster("orders")
            try await Self.write(to: cluster) { client in
                for index in 0..<300 {
                    _ = try await client.put("key-\(index)", "needle-\(index)-in-the-haystack")
                }
            }
            let victim = try #require(cluster.status.members.first { $0.role == .follower })
            // The controller is away while the disk fails, else it would start the member again at once.
            try await controller.end()
            let pid = try #require(victim.pid.map { Int32($0) })
            kill(pid, SIGTERM)
            try await eventually("the member has ended", timeout: .seconds(30)) { !fixture.members.contains(pid) }
            let home = "\(fixture.data)/members/default/orders/\(cluster.status.incarnation)/\(victim.name)"
            #expect(try damage("\(home)/data/member/snap/db", at: "needle-123-in") > 0)
            controller = try await fixture.start()
            try await fixture.waitUntilReady()
            let inspection = try await eventually(
                "the member is named", timeout: .seconds(60), poll: .milliseconds(300)
            ) {
                let inspection = try await fixture.record(EtcdInspection.self, "orders-consistency")
                return inspection?.status.verdict == .diverged ? inspection : nil
            }
            #expect(inspection.status.findings.filter { $0.severity == .critical }.map(\.members) == [[victim.name]])
            #expect(inspection.status.evidence.filter { $0.verdict == .diverged }.map(\.member) == [victim.name])
            let backup = try await fixture.succeed("backup", "orders", "--wait", "-o", "json")
            #expect(try EtcdBackup(document: Value(json: backup)).status.member != victim.name)
            #expect(try await fixture.lodestone("report", "--fail-on", "critical").status == 3)
        }
    }

    @Test("Of two members that differ nobody can say which is right: a backup is made all the same, and says so")
    func noMajority() async throws {
        try await withRealEtcd(members: 2) { etcd in
            try await ControllerFixture.run { fixture, _ in
                let endpoints = etcd.endpoints.map { "\"\($0)\"" }.joined(separator: ", ")
                try await fixture.apply(
                    """
                    apiVersion: lodestone.dev/v1alpha1
                    kind: EtcdCluster
                    metadata: {name: orders}
                    spec:
                      provider: Imported
                      endpoints: [\(endpoints)]
                    \(Self.inspections)
                    """)
                let cluster = try await fixture.waitForCluster("orders")
                try await Self.write(to: cluster) { client in
                    for index in 0..<300 {
                        _ = try await client.put("key-\(index)", "needle-\(index)-in-the-haystack")
                    }
                }
                let before = try await fixture.succeed("backup", "orders", "--wait", "-o", "json")
                #expect(try !EtcdBackup(document: Value(json: before)).isInDoubt)
                try await etcd.stop(1)
                #expect(try damage(etcd.members[1].dataDirectory + "/member/snap/db", at: "needle-123-in") > 0)
                try await etcd.restart(1)
                try await eventually("the divergence is told", timeout: .seconds(60)) {
                    try await fixture.record(EtcdInspection.self, "orders-consistency")?.status.verdict == .diverged
                }
                let json = try await fixture.succeed("backup", "orders", "--wait", "-o", "json")
                let backup = try EtcdBackup(document: Value(json: json))
                #expect(backup.status.phase == .succeeded && backup.isInDoubt)
                #expect(backup.status.conditions[.ready]?.reason == "BackupInDoubt")
                #expect(backup.status.message.contains("no majority tells which is right"), "\(backup.status.message)")
                let report = try await fixture.lodestone("report", "--fail-on", "critical")
                #expect(report.status == 3)
                #expect(report.output.contains("\(backup.metadata.name) was taken from \(backup.status.member) while"))
            }
        }
    }

    @Test("Nobody is accused while thousands of writes a second go on")
    func noFalseAlarm() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await fixture.apply(ControllerFixture.manifest("orders", more: Self.inspections))
            let cluster = try await fixture.waitForCluster("orders")
            let duration = Duration.seconds(Soak.rounds(15, long: 600))
            let written = WriteCount()
            try await Self.write(to: cluster) { client in
                try await withThrowingTaskGroup { group in
                    let deadline = ContinuousClock.now + duration
                    for writer in 0..<64 {
                        group.addTask {
                            var count = 0
                            while ContinuousClock.now < deadline {
                                count += 1
                                let key = "w\(writer)-\(count % 1000)"
                                // Every write is a revision of its own, and some take keys away again.
                                if count % 10 == 0 {
                                    _ = try await client.delete(.key(key))
                                } else {
                                    _ = try await client.put(key, "value-\(count)")
                                }
                                written.total.add(1, ordering: .relaxed)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
            let rate = written.total.load(ordering: .relaxed) / max(1, Int(duration.seconds))
            let inspection = try #require(try await fixture.record(EtcdInspection.self, "orders-consistency"))
            let history = inspection.status.history
            print("\(rate) writes/s for \(duration): \(history.map { "\($0.verdict.rawValue) x \($0.runs)" })")
            #expect(history.allSatisfy { $0.verdict != .diverged }, "\(history)")
            #expect(history.contains { $0.verdict == .consistent && $0.runs > 1 }, "\(history)")
            #expect(inspection.status.findings.allSatisfy { $0.severity != .critical })
        }
    }

    /// Lends a client of the cluster's first member.
    private static func write(to cluster: EtcdCluster, _ body: (EtcdClient) async throws -> Void) async throws {
        let engine = HTTPEngine(name: "writer")
        defer { engine.shutdown() }
        let url = try #require(cluster.status.members.first?.endpoint)
        try await body(EtcdClient(engine: engine, endpoint: try Endpoint(url: url)))
    }
}

/// The writes of many tasks together.
private final class WriteCount: Sendable {
    let total = Atomic<Int>(0)
}
