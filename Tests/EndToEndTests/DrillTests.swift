import Glibc
import Model
import TestSupport
import Testing

/// Backups restored on trial, with real members: what passes, what fails, and that nothing of it stays.
@Suite(.timeLimit(.minutes(Soak.isLong ? 60 : 12)))
struct DrillTests {
    @Test("A backup with keys and leases comes back, is measured, and leaves nothing behind")
    func passes() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await fixture.apply(ControllerFixture.manifest("orders", size: 1))
            let orders = try await fixture.waitForCluster("orders")
            let early = try await fixture.lodestone("backup", "drill", "orders")
            #expect(early.status == 1 && early.errors.contains("has no good backup to restore"), "\(early)")
            #expect(try await fixture.record(EtcdCluster.self, "orders")?.status.drill == nil)
            try await Self.fill(orders.status.members[0].endpoint)
            try await fixture.succeed("backup", "orders", "--name", "first")
            let backup = try #require(try await fixture.record(EtcdBackup.self, "first"))
            #expect(backup.status.leases == 2)
            let running = fixture.members

            let output = try await fixture.succeed("backup", "drill", "orders")
            #expect(output.contains("\(backup.status.hashKV ?? -1)") && output.contains("Recovery"), "\(output)")
            let drilled = try #require(try await fixture.record(EtcdCluster.self, "orders"))
            let result = try #require(drilled.status.drill?.history.first)
            #expect(result.verdict == .passed && result.backup == "first" && result.version == "3.4.23")
            #expect(result.hashKV == backup.status.hashKV && result.keys == backup.status.keys)
            #expect(result.leases == 2 && result.revision == backup.status.revision)
            let recovery = try #require(result.recoveryTime)
            #expect(recovery > .zero)
            #expect(Set(result.phases.keys) == ["Fetching", "Restoring", "Starting", "Proving"])
            #expect(result.phases.values.reduce(.zero, +) <= recovery)
            #expect(drilled.status.conditions[.drilled]?.status == .true)
            try await Self.expectNothingLeft(fixture, of: drilled)
            // The cluster itself was never touched.
            #expect(fixture.members == running)
            #expect(drilled.status.members[0].pid == orders.status.members[0].pid)

            let report = try await fixture.succeed("report", "--fail-on", "critical")
            #expect(report.contains("1 cluster:") && report.contains("came back in"), "\(report)")
            let description = try await fixture.succeed("describe", "ec", "orders")
            #expect(description.contains("Drills") && description.contains("first came back"), "\(description)")
            let document = try Value(json: try await fixture.succeed("backup", "drill", "orders", "-o", "json"))
            #expect(document["verdict"]?.string == "Passed")
            #expect(try await fixture.record(EtcdCluster.self, "orders")?.status.drill?.history.count == 2)
        }
    }

    @Test("By schedule a drill follows the first backup, also where the cluster is somebody else's and gone by then")
    func scheduled() async throws {
        try await withRealEtcd { etcd in
            try await ControllerFixture.run { fixture, _ in
                let manifest = { (drill: String) in
                    """
                    apiVersion: lodestone.dev/v1alpha1
                    kind: EtcdCluster
                    metadata: {name: legacy}
                    spec:
                      provider: Imported
                      endpoints: ["\(etcd.endpoints[0])"]
                      backup: {interval: 24h\(drill)}
                    """
                }
                let wrong = try await fixture.apply(manifest(", drill: {schedule: \"61 * * * *\"}"))
                #expect(wrong.status != 0 && wrong.errors.contains("spec.backup.drill.schedule"), "\(wrong)")
                try await fixture.apply(manifest(""))
                try await fixture.succeed("wait", "ec/legacy", "--for", "condition=BackupReady", "--timeout", "60s")
                try await etcd.stopAll()
                try await fixture.apply(manifest(", drill: {interval: 24h}"))
                try await fixture.succeed("wait", "ec/legacy", "--for", "condition=Drilled", "--timeout", "90s")
                let legacy = try await eventually("the drill is cleaned up", timeout: .seconds(60)) {
                    try await fixture.record(EtcdCluster.self, "legacy").flatMap {
                        $0.status.drill?.running == nil ? $0 : nil
                    }
                }
                let drill = try #require(legacy.status.drill)
                #expect(drill.history.map(\.verdict) == [.passed] && drill.history[0].request.isEmpty)
                let end = try #require(drill.history[0].completionTime)
                #expect(drill.nextTime.map { $0 == end + .seconds(86400) } ?? true)
                #expect(drill.staleTime == end + .seconds(2 * 86400))
                try await Self.expectNothingLeft(fixture, of: legacy)
                #expect(directoryEntries(fixture.data + "/members/default").isEmpty)
            }
        }
    }

    @Test("A backup damaged in its storage fails the drill with a critical finding, until a good one has come back")
    func damaged() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await fixture.apply(ControllerFixture.manifest("orders", size: 1))
            try await fixture.waitForCluster("orders")
            try await fixture.succeed("load", "orders", "--keys", "500")
            try await fixture.succeed("backup", "orders", "--name", "bad")
            let backup = try #require(try await fixture.record(EtcdBackup.self, "bad"))
            let file = try #require(directoryEntries(backup.status.location).first { $0.hasPrefix("snapshot") })
            try flipBit(inTheMiddleOf: "\(backup.status.location)/\(file)")

            let output = try await fixture.lodestone("backup", "drill", "orders")
            #expect(output.status == 1 && output.errors.contains("failed"), "\(output)")
            let failed = try #require(try await fixture.record(EtcdCluster.self, "orders"))
            #expect(failed.status.drill?.history.first?.reason == "BackupDamaged")
            #expect(failed.status.drill?.history.first?.recoveryTime == nil)
            #expect(failed.status.conditions[.drilled]?.status == .false)
            try await Self.expectNothingLeft(fixture, of: failed)
            let report = try await fixture.lodestone("report", "--fail-on", "critical")
            #expect(report.status == 3 && report.output.contains("DrillFailed"), "\(report)")

            try await fixture.succeed("backup", "orders", "--name", "good")
            try await fixture.succeed("backup", "drill", "orders")
            let mended = try #require(try await fixture.record(EtcdCluster.self, "orders"))
            #expect(mended.status.conditions[.drilled]?.status == .true)
            #expect(mended.status.drill?.history.map(\.backup) == ["good", "bad"])
            #expect(try await fixture.lodestone("report", "--fail-on", "critical").status == 0)
            try await Self.expectNothingLeft(fixture, of: mended)
        }
    }

    @Test("With a change log the drill goes to its end, and a damaged segment fails it")
    func changeLog() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await fixture.apply(
                ControllerFixture.manifest("orders", size: 1, more: "  backup: {interval: 24h, log: {interval: 1s}}"))
            let orders = try await fixture.waitForCluster("orders")
            try await fixture.succeed("wait", "ec/orders", "--for", "condition=BackupReady", "--timeout", "60s")
            try await Self.fill(orders.status.members[0].endpoint)
            let log = try await eventually("the changes are stored", timeout: .seconds(60)) {
                try await fixture.record(EtcdCluster.self, "orders")?.status.backup?.log?.revision.flatMap {
                    $0 >= 5 ? $0 : nil
                }
            }
            let output = try await fixture.succeed("backup", "drill", "orders")
            #expect(output.contains("of its change log came back"), "\(output)")
            let passed = try #require(try await fixture.record(EtcdCluster.self, "orders"))
            let result = try #require(passed.status.drill?.history.first)
            #expect(result.verdict == .passed && result.leases == 2 && (result.revision ?? 0) >= log)
            #expect((result.backupRevision ?? .max) < log)
            let hash = try await Self.etcdctl(
                orders.status.members[0].endpoint, ["endpoint", "hashkv", "--rev", "\(result.revision ?? 0)"])
            #expect(hash.contains(", \(result.hashKV ?? -1)"), "\(hash)")

            let place = "\(fixture.data)/backups/default/orders/\(orders.status.incarnation)/log"
            try flipBit(inTheMiddleOf: "\(place)/\(try #require(directoryEntries(place).sorted().last))")
            let broken = try await fixture.lodestone("backup", "drill", "orders")
            #expect(broken.status == 1 && broken.errors.contains("segment"), "\(broken)")
            let failed = try #require(try await fixture.record(EtcdCluster.self, "orders"))
            #expect(failed.status.drill?.history.first?.reason == "LogDamaged")
            #expect(try await fixture.lodestone("report", "--fail-on", "critical").status == 3)
            try await Self.expectNothingLeft(fixture, of: failed)
        }
    }

    @Test("A controller killed at any moment of a drill leaves a successor that ends it and cleans up")
    func killed() async throws {
        try await ControllerFixture.run { fixture, controller in
            try await fixture.apply(ControllerFixture.manifest("orders", size: 1))
            try await fixture.waitForCluster("orders")
            try await fixture.succeed("load", "orders", "--keys", "5000")
            try await fixture.succeed("backup", "orders", "--name", "first")
            for round in 0..<Soak.rounds(4, long: 50) {
                try await fixture.succeed("backup", "drill", "orders", "--wait=false")
                try await Self.killSoon(&controller, fixture)
                let orders = try await eventually("the drill is over and cleaned up", timeout: .seconds(120)) {
                    try await fixture.record(EtcdCluster.self, "orders").flatMap { cluster in
                        let drill = cluster.status.drill
                        let asked = cluster.metadata.annotations[EtcdCluster.drillKey]
                        return drill?.running == nil && drill?.request == asked ? cluster : nil
                    }
                }
                #expect(orders.status.drill?.history.first?.verdict == .passed, "round \(round)")
                #expect(fixture.members.count == 1, "round \(round)")
                try await Self.expectNothingLeft(fixture, of: orders)
            }
            // The drill of a cluster that is deleted goes with it.
            try await fixture.succeed("backup", "drill", "orders", "--wait=false")
            try await eventually("the copy is made") { try await fixture.records(EtcdCluster.self).count == 2 }
            try await fixture.succeed("delete", "ec", "orders", "--wait=false", "--unprotect")
            try await Self.killSoon(&controller, fixture)
            try await eventually("everything of both is gone", timeout: .seconds(120)) {
                try await fixture.records(EtcdCluster.self).isEmpty && fixture.members.isEmpty
            }
            #expect(directoryEntries(fixture.data + "/members/default").isEmpty)
            #expect(directoryEntries(fixture.data + "/members/.restore").isEmpty)
        }
    }

    // MARK: Help

    /// No record, process, directory, copy or quarantine of a drill is there any more.
    private static func expectNothingLeft(_ fixture: ControllerFixture, of cluster: EtcdCluster) async throws {
        let name = cluster.metadata.name
        #expect(cluster.status.drill?.running == nil)
        #expect(try await fixture.records(EtcdCluster.self).map(\.metadata.name) == [name])
        let inspections = try await fixture.records(EtcdInspection.self)
        #expect(inspections.allSatisfy { $0.spec.clusterRef.name == name })
        let members = fixture.data + "/members"
        #expect(directoryEntries(members + "/default").allSatisfy { $0 == name })
        #expect(directoryEntries(members + "/quarantine").isEmpty)
        #expect(directoryEntries(members + "/.restore").isEmpty)
        #expect(
            !fixture.members.contains { pid in
                (readTextFile("/proc/\(pid)/cmdline") ?? "").contains("-drill-")
            })
    }

    private static func killSoon(_ controller: inout ChildProcess, _ fixture: ControllerFixture) async throws {
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...1500)))
        controller.signal(SIGKILL)
        try await controller.waitForExit()
        controller = try await fixture.start()
        try await fixture.waitUntilReady()
    }

    /// Two leases with keys, and a deleted key.
    private static func fill(_ endpoint: String) async throws {
        for index in 0..<2 {
            let grant = try await etcdctl(endpoint, ["lease", "grant", "3600"])
            let id = try #require(grant.split(separator: " ").dropFirst().first)
            try await etcdctl(endpoint, ["put", "--lease=\(id)", "leased/\(index)", "\(index)"])
        }
        try await etcdctl(endpoint, ["put", "deleted", "x"])
        try await etcdctl(endpoint, ["del", "deleted"])
    }

    @discardableResult
    private static func etcdctl(_ endpoint: String, _ arguments: [String]) async throws -> String {
        let output = try await ChildProcess.run(
            "/usr/bin/etcdctl", ["--endpoints", endpoint] + arguments,
            environment: [
                "PATH": "/usr/bin:/bin", "ETCDCTL_API": "3", "ETCDCTL_COMMAND_TIMEOUT": "20s",
                "ETCDCTL_DIAL_TIMEOUT": "20s",
            ], timeout: .seconds(20))
        guard output.status == 0 else { throw TestSupportError("etcdctl \(arguments): \(output.errors)") }
        return output.output
    }
}
