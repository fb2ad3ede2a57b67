import Glibc
import Model
import TestSupport
import Testing

/// A cluster brought back as it was between its backups, by revision, by time, and as late as anything is known of it.
@Suite(.timeLimit(.minutes(15)))
struct PointInTimeTests {
    @Test("A revision, a moment and the latest state come back exactly; what is out of reach is refused in a sentence")
    func pointsInTime() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await fixture.apply(
                ControllerFixture.manifest("orders", size: 1, more: "  backup: {interval: 24h, log: {interval: 1s}}"))
            let source = try await fixture.waitForCluster("orders")
            try await fixture.succeed("wait", "ec/orders", "--for", "condition=BackupReady", "--timeout", "60s")
            let endpoint = source.status.members[0].endpoint
            let lease = try await etcdctl(endpoint, ["lease", "grant", "5000"]).split(separator: " ")[1]
            for number in 0..<20 { try await etcdctl(endpoint, ["put", "key/\(number)", "first \(number)"]) }
            try await etcdctl(endpoint, ["put", "leased", "x", "--lease", String(lease)])
            let middle = try await revision(endpoint)
            let hash = try await hash(endpoint, at: middle)
            try await stored(fixture, through: middle)
            let moment = Timestamp.now
            // The moment has to lie before the first change after it by more than clocks can tell.
            try await eventually("a second has passed") { Timestamp.now - moment > .seconds(1) }
            try await etcdctl(endpoint, ["del", "key/", "--prefix"])
            try await etcdctl(endpoint, ["put", "key/late", "last"])
            let last = try await revision(endpoint)
            let lastHash = try await self.hash(endpoint, at: last)
            try await stored(fixture, through: last)

            let wanted: [(name: String, point: [String], revision: Int64, hash: String)] = [
                ("by-revision", ["--at-revision", "\(middle)"], middle, hash),
                ("by-time", ["--at-time", "\(moment)"], middle, hash),
                ("latest", ["--latest"], last, lastHash),
            ]
            for (name, point, revision, hash) in wanted {
                let output = try await fixture.succeed(
                    all: ["restore", name, "--source-cluster", "orders", "--size", "1"] + point)
                #expect(output.contains("Replayed"), "\(output)")
                let copy = try await fixture.waitForCluster(name)
                let restore = try #require(copy.status.restore)
                #expect(restore.revision == revision && (restore.backupRevision ?? .max) < revision)
                let member = copy.status.members[0].endpoint
                #expect(try await self.hash(member, at: revision) == hash, "\(name)")
                #expect(try await etcdctl(member, ["lease", "list"]).contains(lease))
            }
            let back = try #require(try await fixture.record(EtcdCluster.self, "by-time"))
            #expect(try await etcdctl(back.status.members[0].endpoint, ["get", "key/7"]).contains("first 7"))

            try await expectRefusal(fixture, "beyond", ["--at-revision", "\(last + 500)"], "is out of reach")
            let tomorrow = Timestamp.now + .seconds(86400)
            try await expectRefusal(fixture, "tomorrow", ["--at-time", "\(tomorrow)"], "is not on record")
            try await expectRefusal(fixture, "before", ["--at-time", "2020-01-01T00:00:00Z"], "no backup from before")
        }
    }

    @Test("A log with a damaged segment brings back what lies before it, and refuses what lies behind it")
    func damagedLog() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await fixture.apply(
                ControllerFixture.manifest("orders", size: 1, more: "  backup: {interval: 24h, log: {interval: 1s}}"))
            let source = try await fixture.waitForCluster("orders")
            try await fixture.succeed("wait", "ec/orders", "--for", "condition=BackupReady", "--timeout", "60s")
            let endpoint = source.status.members[0].endpoint
            try await etcdctl(endpoint, ["put", "a", "1"])
            let sound = try await revision(endpoint)
            try await stored(fixture, through: sound)
            try await etcdctl(endpoint, ["put", "b", "2"])
            try await stored(fixture, through: sound + 1)

            let place = "\(fixture.data)/backups/default/orders/\(source.status.incarnation)/log"
            let damaged = try #require(directoryEntries(place).sorted().last)
            try flipBit(inTheMiddleOf: "\(place)/\(damaged)")
            try await expectRefusal(fixture, "broken", ["--latest"], "segment")
            #expect(fixture.members.count == 1)
            try await fixture.succeed(
                "restore", "sound", "--source-cluster", "orders", "--size", "1", "--at-revision", "\(sound)")
            let copy = try await fixture.waitForCluster("sound")
            #expect(try await etcdctl(copy.status.members[0].endpoint, ["get", "a"]).contains("1"))
        }
    }

    @Test("A cluster some revisions ahead has the same keys, and tells whoever knows the old revisions to read again")
    func revisionBump() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await fixture.apply(ControllerFixture.manifest("orders", size: 1))
            let source = try await fixture.waitForCluster("orders")
            let endpoint = source.status.members[0].endpoint
            for number in 0..<20 { try await etcdctl(endpoint, ["put", "key/\(number)", "\(number)"]) }
            try await fixture.succeed("backup", "orders", "--name", "first")
            let before = try await revision(endpoint)
            let output = try await fixture.succeed(
                "restore", "ahead", "--from-backup", "first", "--revision-bump", "1000000")
            #expect(output.contains("Revision    \(before + 1_000_000)\n"), "\(output)")
            let copy = try await fixture.waitForCluster("ahead")
            #expect(copy.status.restore?.revisionBump == 1_000_000)
            let member = copy.status.members[0].endpoint
            #expect(
                try await etcdctl(member, ["get", "key/", "--prefix"])
                    == etcdctl(endpoint, ["get", "key/", "--prefix"]))
            try await etcdctl(member, ["put", "after", "x"])
            #expect(try await revision(member) == before + 1_000_001)
            let old = try await ChildProcess.run(
                "/usr/bin/etcdctl", ["--endpoints", member, "get", "key/1", "--rev", "\(before + 5)"],
                environment: [
                    "ETCDCTL_API": "3", "ETCDCTL_COMMAND_TIMEOUT": "20s", "ETCDCTL_DIAL_TIMEOUT": "20s",
                    "PATH": "/usr/bin:/bin",
                ])
            #expect(old.status != 0 && old.errors.contains("required revision has been compacted"), "\(old.errors)")
            // The consistency inspection finds three members that agree, as in any cluster.
            try await fixture.succeed("wait", "ei/ahead-consistency", "--for", "condition=Ready", "--timeout", "120s")
        }
    }

    /// A restore that must end for good, with a sentence, and with no member started.
    private func expectRefusal(
        _ fixture: ControllerFixture, _ name: String, _ point: [String], _ sentence: String
    ) async throws {
        let members = fixture.members.sorted()
        let output = try await fixture.lodestone(
            all: ["restore", name, "--source-cluster", "orders", "--size", "1", "--timeout", "60s"] + point)
        #expect(output.status == 1, "\(output.output)\(output.errors)")
        #expect(output.errors.contains(sentence), "\(output.errors)")
        #expect(fixture.members.sorted() == members)
        try await fixture.succeed("delete", "ec", name, "--unprotect")
    }

    private func stored(_ fixture: ControllerFixture, through revision: Int64) async throws {
        try await eventually("revision \(revision) is in the log", timeout: .seconds(60)) {
            let log = try await fixture.record(EtcdCluster.self, "orders")?.status.backup?.log
            return log?.revision.map { $0 >= revision } ?? false
        }
    }

    private func revision(_ endpoint: String) async throws -> Int64 {
        let status = try Value(json: try await etcdctl(endpoint, ["endpoint", "status", "-w", "json"]))
        return try #require(status.array?.first?[path: "Status", "header", "revision"]?.integer)
    }

    private func hash(_ endpoint: String, at revision: Int64) async throws -> String {
        let line = try await etcdctl(endpoint, ["endpoint", "hashkv", "--rev", "\(revision)"])
        return String(try #require(line.split(separator: " ").last)).filter(\.isNumber)
    }

    @discardableResult
    private func etcdctl(_ endpoint: String, _ arguments: [String]) async throws -> String {
        let result = try await ChildProcess.run(
            "/usr/bin/etcdctl", ["--endpoints", endpoint] + arguments,
            environment: [
                "ETCDCTL_API": "3", "ETCDCTL_COMMAND_TIMEOUT": "20s", "ETCDCTL_DIAL_TIMEOUT": "20s",
                "PATH": "/usr/bin:/bin",
            ])
        try #require(result.status == 0, "\(result.errors)")
        return result.output
    }
}
