import Glibc
import Model
import TestSupport
import Testing

/// What a user does from the first apply to the deletion, with real members.
@Suite(.timeLimit(.minutes(15)))
struct LifeOfAClusterTests {
    @Test("A cluster is made, inspected, backed up, reported and deleted, and its bytes are kept")
    func wholeLife() async throws {
        try await ControllerFixture.run { fixture, _ in
            let applied = try await fixture.apply(
                ControllerFixture.manifest("orders", more: "  backup: {interval: 1h, retention: {keepLast: 3}}"))
            #expect(applied.status == 0 && applied.output.contains("etcdcluster/orders created"), "\(applied)")
            let cluster = try await fixture.waitForCluster("orders")
            #expect(cluster.status.members.count == 3)
            #expect(cluster.status.readyMembers == 3)
            #expect(cluster.status.members.count { $0.role == .leader } == 1)
            #expect(cluster.status.incarnation.hasPrefix("default-orders-"))
            #expect(fixture.members.count == 3)

            try await fixture.succeed("wait", "ei/orders-consistency", "--for", "condition=Ready", "--timeout", "60s")
            let backup = try await fixture.succeed("backup", "orders", "--wait", "--timeout", "60s")
            #expect(backup.contains("SHA-256"))
            try await eventually("both backups are on record", timeout: .seconds(30)) {
                try await fixture.record(EtcdCluster.self, "orders")?.status.backup?.kept == 2
            }
            let report = try await fixture.lodestone("report", "--fail-on", "warning")
            #expect(report.status == 0, "\(report)")
            #expect(report.output.contains("1 cluster: 1 OK"))
            _ = try Value(json: try await fixture.succeed("report", "-o", "json"))
            #expect(try await fixture.apply(ControllerFixture.manifest("orders")).output.contains("configured"))
            #expect(try await fixture.apply(ControllerFixture.manifest("orders")).output.contains("unchanged"))

            let slip = try await fixture.lodestone("delete", "ec", "orders")
            #expect(slip.status == 1 && slip.errors.contains("spec.deletionProtection"), "\(slip)")
            #expect(fixture.members.count == 3)
            try await fixture.succeed("delete", "ec", "orders", "--unprotect")
            try await eventually("the members have ended", timeout: .seconds(60)) { fixture.members.isEmpty }
            try await eventually("the record is gone", timeout: .seconds(30)) {
                try await fixture.record(EtcdCluster.self, "orders") == nil
            }
            #expect(directoryEntries(fixture.data + "/members/quarantine").count == 3)
            #expect(directoryEntries(fixture.data + "/members/default").isEmpty)
            #expect(directoryEntries(fixture.data + "/backups/default/orders").count == 1)
            #expect(try await fixture.records(EtcdInspection.self).isEmpty)
        }
    }

    @Test("A cluster made again under its old name is another one, and never meets the old data")
    func madeAgain() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await fixture.apply(ControllerFixture.manifest("again", size: 1, more: "  deletionPolicy: Delete"))
            let first = try await fixture.waitForCluster("again")
            try await fixture.succeed("backup", "again", "--wait")
            try await fixture.succeed("delete", "ec", "again", "--unprotect")
            try await eventually("the record is gone", timeout: .seconds(60)) {
                try await fixture.record(EtcdCluster.self, "again") == nil
            }
            #expect(directoryEntries(fixture.data + "/members/quarantine").isEmpty)
            try await fixture.apply(ControllerFixture.manifest("again", size: 1))
            let second = try await fixture.waitForCluster("again")
            #expect(first.status.incarnation != second.status.incarnation)
            #expect(first.status.clusterID != second.status.clusterID)
            try await fixture.succeed("backup", "again", "--wait")
            #expect(directoryEntries(fixture.data + "/backups/default/again").count == 2)
        }
    }

    @Test("A member ended with -9 is told, and comes back by itself")
    func killedMember() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await fixture.apply(ControllerFixture.manifest("orders"))
            let cluster = try await fixture.waitForCluster("orders")
            let follower = try #require(cluster.status.members.first { $0.role == .follower })
            let pid = try #require(follower.pid.map { Int32($0) })
            let start = ContinuousClock.now
            kill(pid, SIGKILL)
            try await eventually("the record tells of it", timeout: .seconds(30), poll: .milliseconds(50)) {
                let member = try await fixture.record(EtcdCluster.self, "orders")?.status.members
                    .first { $0.name == follower.name }
                return member?.phase != .running || member?.restarts == 1
            }
            let noticed = ContinuousClock.now - start
            print("The record told of it after \(noticed), of which looking is a part.")
            let after = try await eventually("the member is back", timeout: .seconds(60)) {
                let cluster = try await fixture.record(EtcdCluster.self, "orders")
                let member = cluster?.status.members.first { $0.name == follower.name }
                return cluster?.status.phase == .running && member?.restarts == 1 ? member : nil
            }
            #expect(after.pid != follower.pid)
            #expect(after.id == follower.id)
        }
    }

    @Test("A controller that is killed leaves its members serving, and its successor adopts them as they are")
    func adoption() async throws {
        try await ControllerFixture.run { fixture, controller in
            try await fixture.apply(ControllerFixture.manifest("orders"))
            try await fixture.waitForCluster("orders")
            let before = fixture.members.sorted()
            #expect(before.count == 3)
            controller.signal(SIGKILL)
            try await controller.waitForExit()
            #expect(fixture.members.sorted() == before)
            controller = try await fixture.start()
            try await fixture.waitUntilReady()
            try await fixture.waitForCluster("orders")
            #expect(fixture.members.sorted() == before)
            #expect(
                try await fixture.record(EtcdCluster.self, "orders")?.status.members.allSatisfy { $0.restarts == 0 }
                    == true)
            // A clean stop leaves them as well.
            try await controller.end()
            #expect(fixture.members.sorted() == before)
            controller = try await fixture.start()
            try await fixture.waitUntilReady()
        }
    }

    @Test("Data that is gone is never replaced by an empty member")
    func lostData() async throws {
        try await ControllerFixture.run { fixture, controller in
            try await fixture.apply(ControllerFixture.manifest("orders"))
            let cluster = try await fixture.waitForCluster("orders")
            let victim = try #require(cluster.status.members.first { $0.role == .follower })
            try await controller.end()
            let pid = try #require(victim.pid.map { Int32($0) })
            kill(pid, SIGKILL)
            try await eventually("it has ended") { !fixture.members.contains(pid) }
            let home = "\(fixture.data)/members/default/orders/\(cluster.status.incarnation)/\(victim.name)/data"
            removeTree(home)
            controller = try await fixture.start()
            try await fixture.waitUntilReady()
            let member = try await eventually("the record tells of it", timeout: .seconds(60)) {
                try await fixture.record(EtcdCluster.self, "orders")?.status.members
                    .first { $0.name == victim.name && $0.phase == .failed }
            }
            #expect(member.message.contains("has held data"), "\(member.message)")
            #expect(fixture.members.count == 2)
            #expect(try await fixture.lodestone("report", "--fail-on", "warning").status == 3)
        }
    }
}
