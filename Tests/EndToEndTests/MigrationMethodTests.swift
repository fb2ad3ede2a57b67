import Glibc
import Model
import TestSupport
import Testing

/// Every way to move data but the usual one: to a newer etcd, in part, at rest, and for good.
// One after the other: each has a controller and several members.
@Suite(.serialized, .timeLimit(.minutes(15)))
struct MigrationMethodTests {
    @Test("Three members move to one of a newer etcd, with leases")
    func newerVersion() async throws {
        guard RealEtcd.isAvailable(.v3_5), let newer = RealEtcd.Version.v3_5.directory else { return }
        let directory = try TemporaryDirectory("versions")
        symlink(newer, directory.file("3.5.1"))
        try await ControllerFixture.run(extraArguments: ["--etcd-dir", directory.path]) { fixture, _ in
            try await fixture.apply(ControllerFixture.manifest("orders", size: 3))
            let endpoint = try await fixture.waitForCluster("orders").status.members[0].endpoint
            let lease = try await Etcdctl.run(endpoint, ["lease", "grant", "5000"]).split(separator: " ")[1]
            _ = try await Etcdctl.run(endpoint, ["put", "leased", "x", "--lease", String(lease)])
            let writer = try await SteadyWriter.start(at: endpoint)
            try await fixture.succeed(
                "migrate", "orders", "orders2", "--etcd-version", "3.5.1", "--size", "1", "--automatic")
            let acknowledged = await writer.end()
            let copy = try await fixture.waitForCluster("orders2")
            #expect(copy.status.version == "3.5.1" && copy.status.members.count == 1)
            let migration = try #require(try await fixture.record(EtcdMigration.self, "orders-to-orders2"))
            let revision = try #require(migration.status.frozenRevision)
            #expect(migration.status.proof?.leases == 1)
            let member = copy.status.members[0].endpoint
            #expect(try await Etcdctl.hash(member, at: revision) == Etcdctl.hash(endpoint, at: revision))
            #expect(try await Etcdctl.run(member, ["lease", "timetolive", String(lease), "--keys"]).contains("leased"))
            let keys = Set(
                try await Etcdctl.run(member, ["get", "writer/", "--prefix", "--keys-only"]).split(separator: "\n")
                    .map(String.init))
            #expect(acknowledged.subtracting(keys).isEmpty)
        }
    }

    @Test("Part of a cluster is copied under another name into one that serves, and a key that is in the way is told")
    func part() async throws {
        try await ControllerFixture.run { fixture, _ in
            for name in ["orders", "events"] { try await fixture.apply(ControllerFixture.manifest(name, size: 1)) }
            let source = try await fixture.waitForCluster("orders").status.members[0].endpoint
            let destination = try await fixture.waitForCluster("events").status.members[0].endpoint
            try await SteadyWriter.fill(source, (0..<300).map { "/old/\($0)" })
            _ = try await Etcdctl.run(source, ["put", "/other", "stays"])
            _ = try await Etcdctl.run(destination, ["put", "/new/7", "in the way"])
            try await fixture.succeed(
                "migrate", "orders", "events", "--method", "Copy", "--select", "/old/=/new/", "--automatic",
                "--release-source", "--wait=false")
            try await eventually("the key is told", timeout: .seconds(30)) {
                let migration = try await fixture.record(EtcdMigration.self, "orders-to-events")
                let ready = migration?.status.conditions[.ready]
                return ready?.reason == "DestinationNotEmpty" && (ready?.message.contains("/new/7") ?? false)
            }
            _ = try await Etcdctl.run(destination, ["del", "/new/7"])
            try await fixture.succeed("migrate", "watch", "orders-to-events", "--timeout", "60s")
            try await eventually("the copy is completed", timeout: .seconds(60)) {
                try await fixture.record(EtcdMigration.self, "orders-to-events")?.status.phase == .completed
            }
            let keys = try await Etcdctl.run(destination, ["get", "/new/", "--prefix", "--keys-only"])
            #expect(keys.split(separator: "\n").count == 300)
            #expect(try await Etcdctl.run(destination, ["get", "/other"]).isEmpty)
            try await eventually("the source takes writes again", timeout: .seconds(30)) {
                try await Etcdctl.attempt(source, ["put", "/other", "again"]).status == 0
            }
        }
    }

    @Test("Events move to a cluster of their own: the API server's flag is told, and what moved goes from the source")
    func split() async throws {
        try await ControllerFixture.run { fixture, _ in
            for name in ["kube", "events"] { try await fixture.apply(ControllerFixture.manifest(name, size: 1)) }
            let source = try await fixture.waitForCluster("kube").status.members[0].endpoint
            let destination = try await fixture.waitForCluster("events").status.members[0].endpoint
            try await SteadyWriter.fill(source, (0..<120).map { "/registry/events/default/e\($0)" })
            _ = try await Etcdctl.run(source, ["put", "/registry/pods/default/p", "stays"])
            let output = try await fixture.succeed(
                "migrate", "kube", "events", "--method", "Copy", "--select", "/registry/events/", "--automatic")
            #expect(output.contains("--etcd-servers-overrides=/events#\(destination)"), "\(output)")
            let refusal = try await fixture.lodestone("migrate", "remove", "kube-to-events")
            #expect(refusal.status == 1 && refusal.errors.contains("120 keys would be removed"), "\(refusal.errors)")
            // What was changed since is not what was proven to have moved.
            try await eventually("the source takes writes again", timeout: .seconds(30)) {
                try await Etcdctl.attempt(source, ["put", "/registry/events/default/e7", "newer"]).status == 0
            }
            let removed = try await fixture.succeed("migrate", "remove", "kube-to-events", "--yes")
            #expect(removed.contains("119 keys from the source"), "\(removed)")
            let left = try await Etcdctl.run(source, ["get", "/registry/", "--prefix", "--keys-only"])
            #expect(left.split(separator: "\n") == ["/registry/events/default/e7", "/registry/pods/default/p"])
        }
    }

    @Test("The v2 store of an etcd 3.4 becomes keys, and goes on becoming them until its writers stop")
    func legacy() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await fixture.apply(ControllerFixture.manifest("old", size: 1, more: #"  args: {enable-v2: "true"}"#))
            try await fixture.apply(ControllerFixture.manifest("new", size: 1))
            let source = try await fixture.waitForCluster("old").status.members[0].endpoint
            let destination = try await fixture.waitForCluster("new").status.members[0].endpoint
            func set(_ path: String, _ value: String) async throws {
                let result = try await ChildProcess.run(
                    "/usr/bin/etcdctl", ["--endpoints", source, "set", path, value],
                    environment: ["ETCDCTL_API": "2", "PATH": "/usr/bin:/bin"])
                try #require(result.status == 0, "\(result.errors)")
            }
            for number in 0..<50 { try await set("/app/\(number)", "value \(number)") }
            try await set("/other/x", "stays")
            try await fixture.succeed("migrate", "old", "new", "--method", "V2ToV3", "--select", "/app=/v3/app")
            try await set("/app/late", "later")
            let output = try await fixture.succeed("migrate", "approve", "old-to-new")
            #expect(output.contains("51 nodes are the same"), "\(output)")
            let keys = try await Etcdctl.run(destination, ["get", "/v3/app/", "--prefix", "--keys-only"])
            #expect(keys.split(separator: "\n").count == 51 && keys.contains("/v3/app/late"))
            #expect(try await Etcdctl.run(destination, ["get", "/other", "--prefix"]).isEmpty)
        }
    }

    @Test("At rest: the source is frozen, copied, proven, and the copy takes writes")
    func snapshot() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await fixture.apply(ControllerFixture.manifest("orders", size: 1))
            let endpoint = try await fixture.waitForCluster("orders").status.members[0].endpoint
            try await fixture.succeed("load", "orders", "--keys", "500")
            try await fixture.succeed("migrate", "orders", "orders2", "--method", "Snapshot", "--automatic")
            let copy = try await fixture.waitForCluster("orders2").status.members[0].endpoint
            #expect(try await Etcdctl.attempt(endpoint, ["put", "a", "b"]).errors.contains("corrupt cluster"))
            #expect(try await Etcdctl.attempt(copy, ["put", "a", "b"]).status == 0)
        }
    }

    @Test("A standby follows, is compared, and serves when its source is gone")
    func standby() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await fixture.apply(ControllerFixture.manifest("orders", size: 1))
            let endpoint = try await fixture.waitForCluster("orders").status.members[0].endpoint
            try await fixture.succeed("migrate", "orders", "standby", "--standby")
            _ = try await Etcdctl.run(endpoint, ["put", "late", "x"])
            try await eventually("the standby has it", timeout: .seconds(30)) {
                let status = try await fixture.record(EtcdMigration.self, "orders-to-standby")?.status
                return status?.conditions[.ready]?.reason == "Standby" && (status?.applied ?? 0) >= 2
                    && status?.lagRevisions == 0
            }
            for process in fixture.members
            where readTextFile("/proc/\(process)/cmdline")?.contains("--name=orders-0\0") ?? false {
                kill(process, SIGSTOP)
            }
            let refusal = try await fixture.lodestone("migrate", "failover", "orders-to-standby")
            #expect(refusal.status == 1 && refusal.errors.contains("would be lost"), "\(refusal.errors)")
            let output = try await fixture.succeed("migrate", "failover", "orders-to-standby", "--yes")
            #expect(output.contains("failed over"), "\(output)")
            let copy = try await fixture.waitForCluster("standby").status.members[0].endpoint
            #expect(try await Etcdctl.run(copy, ["get", "late"]).contains("late"))
            #expect(try await Etcdctl.attempt(copy, ["put", "a", "b"]).status == 0)
        }
    }
}
