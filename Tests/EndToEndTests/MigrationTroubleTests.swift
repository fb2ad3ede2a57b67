import Etcd
import Glibc
import Model
import TestSupport
import Testing
import Transport

/// What may happen to a migration from outside: strangers, compactions, deleted records.
@Suite(.serialized, .timeLimit(.minutes(15)))
struct MigrationTroubleTests {
    @Test("A stranger's write to the destination, and a compaction of what was still needed, fill it anew")
    func filledAnew() async throws {
        try await ControllerFixture.run { fixture, controller in
            let endpoint = try await begin(fixture)
            let copy = try #require(try await fixture.record(EtcdCluster.self, "orders2"))
            let fence = try #require(copy.status.restore?.fence.values.first)
            _ = try await Etcdctl.run(fence, ["put", "stranger", "x"])
            let strange = try await ready(fixture, seeding: 2)
            #expect(strange.status.reseedReason.contains("somebody else"), "\(strange.status.reseedReason)")

            controller.signal(SIGKILL)
            try await controller.waitForExit()
            try await SteadyWriter.fill(endpoint, (0..<20).map { "away/\($0)" })
            let status = try Value(json: try await Etcdctl.run(endpoint, ["endpoint", "status", "-w", "json"]))
            let revision = try #require(status.array?.first?[path: "Status", "header", "revision"]?.integer)
            _ = try await Etcdctl.run(endpoint, ["compact", "\(revision)"])
            controller = try await fixture.start()
            try await fixture.waitUntilReady()
            let compacted = try await ready(fixture, seeding: 3)
            #expect(compacted.status.reseedReason.contains("compacted"), "\(compacted.status.reseedReason)")
            #expect(strange.status.refills == 1 && strange.status.nextFillTime == nil, "the first one does not wait")
            // The second one does; it is not a failure.
            #expect(compacted.status.refills == 2)
            let planned = try #require(compacted.status.nextFillTime)
            let told = try await fixture.records(Event.self).filter { $0.reason == "FilledAnew" }
            let asked = try #require(told.compactMap(\.lastTimestamp).max())
            #expect(planned - asked >= .seconds(5) && planned - asked <= .seconds(11), "\(asked) \(planned)")
            #expect(try #require(compacted.status.proof?.time) >= planned, "it was filled before its time")
            #expect(compacted.status.conditions[.steady]?.reason == "FilledAnew")
            try await fixture.succeed("migrate", "approve", "orders-to-orders2")
            let member = try await fixture.waitForCluster("orders2").status.members[0].endpoint
            #expect(try await Etcdctl.run(member, ["get", "away/19"]).contains("away/19"))
            #expect(try await Etcdctl.run(member, ["get", "stranger"]).isEmpty)
        }
    }

    @Test("Without its destination a migration fails in words; without its record the source is never left frozen")
    func deleted() async throws {
        try await ControllerFixture.run { fixture, _ in
            let endpoint = try await begin(fixture)
            try await fixture.succeed("delete", "ec", "orders2", "--unprotect")
            let failed = try await eventually("the migration has failed", timeout: .seconds(30)) {
                try await fixture.record(EtcdMigration.self, "orders-to-orders2").flatMap {
                    $0.status.phase == .failed ? $0 : nil
                }
            }
            #expect(failed.status.message.contains("\"orders2\" was deleted"), "\(failed.status.message)")
            try await fixture.succeed("delete", "em", "orders-to-orders2")

            try await fixture.succeed("migrate", "orders", "orders3", "--automatic")
            try await fixture.waitForCluster("orders3")
            #expect(try await Etcdctl.attempt(endpoint, ["put", "a", "b"]).errors.contains("corrupt cluster"))
            try await eventually("the freeze is told as what it is", timeout: .seconds(30)) {
                let health = try await fixture.record(EtcdInspection.self, "orders-health")
                return health?.status.findings.contains { $0.code == "FrozenByMigration" } ?? false
            }
            try await fixture.succeed("backup", "orders", "--name", "frozen")
            try await fixture.succeed("restore", "thawed", "--from-backup", "frozen")
            let thawed = try await fixture.waitForCluster("thawed").status.members[0].endpoint
            #expect(try await Etcdctl.attempt(thawed, ["put", "a", "b"]).status == 0, "the backup brings the freeze")
            #expect(try await Etcdctl.attempt(endpoint, ["put", "a", "b"]).errors.contains("corrupt cluster"))
            try await fixture.succeed("delete", "em", "orders-to-orders3")
            #expect(try await Etcdctl.attempt(endpoint, ["put", "a", "b"]).status == 0)
            // The cluster that was made stays, and serves.
            let made = try await fixture.waitForCluster("orders3")
            #expect(try await Etcdctl.attempt(made.status.members[0].endpoint, ["put", "a", "b"]).status == 0)
        }
    }

    @Test("A freeze that comes late is lifted in whatever phase; where no record tells of it, it is a finding")
    func lateFreeze() async throws {
        try await ControllerFixture.run { fixture, _ in
            let endpoint = try await begin(fixture)
            let migration = try #require(try await fixture.record(EtcdMigration.self, "orders-to-orders2"))
            let client = EtcdClient(engine: HTTPEngine(name: "late freeze"), endpoint: try Endpoint(url: endpoint))
            let freeze = EtcdAlarm(memberID: RaisedAlarm.freezeTag(of: migration.metadata.uid), kind: .corrupt)
            /// As a member does that held a request back, after the freeze was lifted and noted.
            func freezeLate(_ times: Int64) async throws {
                try await client.activateAlarm(freeze)
                try await eventually("the source takes writes again", timeout: .seconds(60)) {
                    try await Etcdctl.attempt(endpoint, ["put", "a", "b"]).status == 0
                }
                try await eventually("it is told, and is not on record any more", timeout: .seconds(10)) {
                    let told = try await fixture.records(Event.self).filter { $0.reason == "LeftoverFreeze" }
                    let record = try await fixture.record(EtcdMigration.self, "orders-to-orders2")
                    return told.reduce(0) { $0 + $1.count } == times && record?.status.freezeTime == nil
                }
            }
            try await freezeLate(1)
            try await fixture.succeed("migrate", "cancel", "orders-to-orders2")
            try await freezeLate(2)
            let over = try #require(try await fixture.record(EtcdMigration.self, "orders-to-orders2"))
            #expect(over.status.phase == .cancelled)

            try await fixture.succeed("delete", "em", "orders-to-orders2")
            try await client.activateAlarm(freeze)
            let finding = try await eventually("the freeze of nobody is told", timeout: .seconds(60)) {
                let health = try await fixture.record(EtcdInspection.self, "orders-health")
                return health?.status.findings.first { $0.code == "FreezeUnaccounted" }
            }
            #expect(finding.severity == .critical && finding.remedy.contains("etcdctl alarm disarm"))
            // Nobody is sure of it, so nobody has lifted it; the remedy does.
            #expect(try await client.alarms() == [freeze])
            _ = try await Etcdctl.run(endpoint, ["alarm", "disarm"])
            #expect(try await Etcdctl.attempt(endpoint, ["put", "a", "b"]).status == 0)
        }
    }

    @Test("A freeze of somebody else is neither taken over nor lifted, and never comes with what is filled from it")
    func foreignFreeze() async throws {
        try await ControllerFixture.run { fixture, _ in
            let endpoint = try await begin(fixture)
            let engine = HTTPEngine(name: "foreign freeze")
            defer { engine.shutdown() }
            let source = EtcdClient(engine: engine, endpoint: try Endpoint(url: endpoint))
            // The tag that another Lodestone may use, of before each migration had its own.
            let freeze = EtcdAlarm(memberID: RaisedAlarm.commonFreezeTag, kind: .corrupt)
            try await source.activateAlarm(freeze)
            let former = try #require(try await fixture.record(EtcdCluster.self, "orders2")?.status.restore?.fence)
            _ = try await Etcdctl.run(try #require(former.values.first), ["put", "stranger", "x"])
            _ = try await ready(fixture, seeding: 2)
            let fence = try #require(try await fixture.record(EtcdCluster.self, "orders2")?.status.restore?.fence)
            for member in fence.values {
                let client = EtcdClient(engine: engine, endpoint: try Endpoint(url: member))
                #expect(try await client.alarms().isEmpty, "nothing could ever be brought over")
            }

            try await fixture.succeed("migrate", "approve", "orders-to-orders2", "--wait=false")
            try await eventually("the cut-over was put back", timeout: .seconds(60)) {
                let status = try await fixture.record(EtcdMigration.self, "orders-to-orders2")?.status
                return (status?.cutoverFailures ?? 0) > 0 && status?.freezeTime == nil
            }
            #expect(try await source.alarms() == [freeze], "whoever froze it relies on it")
            try await source.deactivateAlarm(freeze)
            try await eventually("it goes on once the other one has ended", timeout: .seconds(60)) {
                try await fixture.record(EtcdMigration.self, "orders-to-orders2")?.status.phase == .completed
            }
            let frozen = try #require(try await fixture.record(EtcdMigration.self, "orders-to-orders2"))
            let own = RaisedAlarm.freezeTag(of: frozen.metadata.uid)
            #expect(frozen.status.freezeTag == String(own, radix: 16))
            #expect(try await source.alarms() == [EtcdAlarm(memberID: own, kind: .corrupt)])
            let copy = try await fixture.waitForCluster("orders2").status.members[0].endpoint
            #expect(try await Etcdctl.attempt(copy, ["put", "a", "b"]).status == 0)
        }
    }

    @Test("Deleting the record of a frozen source gives its writers back first")
    func deletedSource() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await fixture.apply(ControllerFixture.manifest("real", size: 1))
            let endpoint = try await fixture.waitForCluster("real").status.members[0].endpoint
            try await fixture.apply(
                """
                apiVersion: lodestone.dev/v1alpha1
                kind: EtcdCluster
                metadata: {name: orders}
                spec: {provider: Imported, endpoints: ["\(endpoint)"]}
                """)
            try await fixture.succeed("wait", "ec/orders", "--for", "condition=Ready", "--timeout", "60s")
            try await fixture.succeed(
                "migrate", "orders", "orders2", "--automatic", "--size", "1", "--etcd-version", "3.4.23")
            #expect(try await Etcdctl.attempt(endpoint, ["put", "a", "b"]).errors.contains("corrupt cluster"))
            try await fixture.succeed("delete", "ec", "orders", "--unprotect")
            #expect(try await Etcdctl.attempt(endpoint, ["put", "a", "b"]).status == 0)
            #expect(try await fixture.record(EtcdCluster.self, "orders") == nil)
        }
    }

    @Test("What a migration cannot begin with is told with its remedy, and it goes on when that is mended")
    func preflight() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await fixture.apply(ControllerFixture.manifest("orders", size: 1))
            try await fixture.apply(ControllerFixture.manifest("taken", size: 1))
            let endpoint = try await fixture.waitForCluster("orders").status.members[0].endpoint
            try await fixture.waitForCluster("taken")
            try await fixture.succeed("migrate", "orders", "taken", "--wait=false")
            try await expect("DestinationNotNew", "orders-to-taken", fixture)
            let nothing = try await fixture.lodestone("migrate", "gone", "orders9", "--wait=false")
            #expect(nothing.status == 1 && nothing.errors.contains("there is no EtcdCluster \"gone\""), "\(nothing)")
            let same = try await fixture.lodestone("migrate", "orders", "orders")
            #expect(same.status == 1 && same.errors.contains("spec.destinationRef.name"), "\(same.errors)")

            func small(_ quota: String) -> String {
                """
                apiVersion: lodestone.dev/v1alpha1
                kind: EtcdMigration
                metadata: {name: small}
                spec: {sourceRef: {name: orders}, destinationRef: {name: orders8}, destination: {quota: \(quota)}}
                """
            }
            try await fixture.apply(small("10Ki"))
            try await expect("QuotaTooSmall", "small", fixture)
            try await fixture.apply(small("1Gi"))
            try await eventually("it goes on with a quota that is enough", timeout: .seconds(60)) {
                try await fixture.record(EtcdMigration.self, "small")?.status.phase == .ready
            }
            try await fixture.succeed("migrate", "cancel", "small")

            _ = try await Etcdctl.run(endpoint, ["user", "add", "root:secret"])
            _ = try await Etcdctl.run(endpoint, ["role", "add", "root"])
            _ = try await Etcdctl.run(endpoint, ["user", "grant-role", "root", "root"])
            _ = try await Etcdctl.run(endpoint, ["auth", "enable"])
            try await fixture.succeed("migrate", "orders", "orders2", "--wait=false")
            try await expect("UserMissing", "orders-to-orders2", fixture)
            let secret = """
                apiVersion: v1
                kind: Secret
                metadata: {name: root}
                stringData: {username: root, password: secret}
                ---
                """
            try await fixture.apply(
                secret + "\n"
                    + ControllerFixture.manifest("orders", size: 1, more: "  auth: {secretRef: {name: root}}"))
            try await expect("FreezeUnsafe", "orders-to-orders2", fixture)
            try await fixture.succeed("delete", "em", "orders-to-orders2")
            try await fixture.succeed("migrate", "orders", "orders2", "--freeze", "None", "--automatic")
            let copy = try await fixture.waitForCluster("orders2")
            let user = ["--user", "root:secret"]
            #expect(try await Etcdctl.run(copy.status.members[0].endpoint, user + ["user", "list"]).contains("root"))
            #expect(try await Etcdctl.attempt(copy.status.members[0].endpoint, ["put", "a", "b"]).status != 0)
        }
    }

    // MARK: Steps

    /// A source with some keys and a migration that is ready; returns the source's endpoint.
    private func begin(_ fixture: ControllerFixture) async throws -> String {
        try await fixture.apply(ControllerFixture.manifest("orders", size: 1))
        let endpoint = try await fixture.waitForCluster("orders").status.members[0].endpoint
        try await fixture.succeed("load", "orders", "--keys", "500")
        try await fixture.succeed("migrate", "orders", "orders2")
        return endpoint
    }

    private func ready(_ fixture: ControllerFixture, seeding: Int64) async throws -> EtcdMigration {
        try await eventually("the migration is ready after filling \(seeding)", timeout: .seconds(60)) {
            try await fixture.record(EtcdMigration.self, "orders-to-orders2").flatMap {
                $0.status.seeding == seeding && $0.status.phase == .ready ? $0 : nil
            }
        }
    }

    private func expect(_ reason: String, _ name: String, _ fixture: ControllerFixture) async throws {
        try await eventually("\(name) says \(reason)", timeout: .seconds(45)) {
            try await fixture.record(EtcdMigration.self, name)?.status.conditions[.ready]?.reason == reason
        }
    }
}
