import Etcd
import Glibc
import Model
import TestSupport
import Testing

/// A new cluster out of a backup, with real members: what survives, what is refused, what a killed controller leaves.
@Suite(.timeLimit(.minutes(Soak.isLong ? 60 : 10)))
struct RestoreTests {
    @Test("Leases, users, roles and deletes survive; hash and leases are equal; the old cluster is not touched")
    func everythingSurvives() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await fixture.apply(ControllerFixture.manifest("orders"))
            let old = try await fixture.waitForCluster("orders")
            let before = fixture.members.sorted()
            let endpoint = old.status.members[0].endpoint
            try await fill(endpoint)
            let leases = try await leases(endpoint)
            #expect(leases.count == 3)
            try await enableAuth(endpoint)
            try await fixture.apply(Self.secret)
            let auth = "  auth: {secretRef: {name: root}}"
            try await fixture.apply(ControllerFixture.manifest("orders", more: auth))
            try await fixture.succeed("backup", "orders", "--name", "first")
            let backup = try #require(try await fixture.record(EtcdBackup.self, "first"))
            #expect(backup.status.leases == 3)

            for size in [3, 1] {
                let name = "copy\(size)"
                let output = try await fixture.succeed(
                    "restore", name, "--from-backup", "first", "--auth-secret", "root", "--size", "\(size)")
                #expect(output.contains("\(backup.status.hashKV ?? -1)"), "\(output)")
                let copy = try await fixture.waitForCluster(name)
                #expect(copy.status.conditions[.restored]?.status == .true)
                #expect(copy.status.restore?.hashKV == backup.status.hashKV)
                #expect(copy.status.restore?.fence.isEmpty == true)
                #expect(copy.status.clusterID != old.status.clusterID && !copy.status.clusterID.isEmpty)
                #expect(copy.status.members.count == size)
                #expect(
                    Set(copy.status.members.map(\.id)).isDisjoint(with: old.status.members.map(\.id)))
                for member in copy.status.members {
                    let hash = try await etcdctl(
                        member.endpoint, ["endpoint", "hashkv", "--rev", "\(backup.status.revision ?? 0)"], user: true)
                    #expect(hash.contains(", \(backup.status.hashKV ?? -1)"), "\(hash)")
                }
                let first = copy.status.members[0].endpoint
                #expect(try await self.leases(first) == leases)
                #expect(try await etcdctl(first, ["get", "deleted"], user: true).isEmpty)
                // Nobody is let in without a password, and the one of the old cluster is still right.
                #expect(try await run(first, ["get", "leased/0"], user: false).status != 0)
                #expect(try await etcdctl(first, ["get", "leased/0", "--print-value-only"], user: true) == "0\n")
                #expect(directoryEntries(fixture.data + "/members/.restore").isEmpty)
            }
            #expect(Set(before).isSubset(of: fixture.members))
            #expect(fixture.members.count == 7)
            let now = try #require(try await fixture.record(EtcdCluster.self, "orders"))
            #expect(now.status.clusterID == old.status.clusterID && now.status.incarnation == old.status.incarnation)
        }
    }

    @Test("Where requests need a user whom nobody named, the members' files are the proof")
    func unknownUser() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await fixture.apply(ControllerFixture.manifest("orders", size: 1))
            let old = try await fixture.waitForCluster("orders")
            try await fill(old.status.members[0].endpoint)
            try await enableAuth(old.status.members[0].endpoint)
            try await fixture.apply(Self.secret)
            let auth = "  auth: {secretRef: {name: root}}"
            try await fixture.apply(ControllerFixture.manifest("orders", size: 1, more: auth))
            try await fixture.succeed("backup", "orders", "--name", "first")
            try await fixture.succeed("restore", "copy", "--from-backup", "first", "--size", "1")
            let copy = try #require(try await fixture.record(EtcdCluster.self, "copy"))
            #expect(copy.status.conditions[.restored]?.status == .true)
            let endpoint = copy.status.members[0].endpoint
            #expect(try await etcdctl(endpoint, ["get", "leased/0", "--print-value-only"], user: true) == "0\n")
        }
    }

    @Test("A damaged, cut or missing backup is refused before any member starts, and the record says so")
    func unusableBackups() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await fixture.apply(ControllerFixture.manifest("orders", size: 1))
            let old = try await fixture.waitForCluster("orders")
            try await fixture.succeed("load", "orders", "--keys", "500")
            let running = fixture.members
            for (name, damage) in Damage.all {
                try await fixture.succeed("backup", "orders", "--name", name)
                let backup = try #require(try await fixture.record(EtcdBackup.self, name))
                let file = try #require(
                    directoryEntries(backup.status.location).first { $0.hasPrefix("snapshot") })
                try damage("\(backup.status.location)/\(file)")
                let output = try await fixture.lodestone("restore", "from-\(name)", "--from-backup", name)
                #expect(output.status == 1, "\(output)")
                #expect(output.errors.contains("is not restored"), "\(output)")
                let cluster = try #require(try await fixture.record(EtcdCluster.self, "from-\(name)"))
                #expect(cluster.status.phase == .failed)
                #expect(cluster.status.conditions[.restored]?.status == .false)
                #expect(
                    ["BackupDamaged", "BackupMissing"].contains(cluster.status.conditions[.restored]?.reason ?? ""))
                #expect(fixture.members == running, "\(name)")
                #expect(directoryEntries(fixture.data + "/members/default/from-\(name)").isEmpty)
            }
            let changed = try await fixture.apply(ControllerFixture.manifest("from-\(Damage.all[0].0)", size: 1))
            #expect(changed.status != 0 && changed.errors.contains("a cluster begins once"), "\(changed)")
            let late = try await fixture.apply(
                ControllerFixture.manifest("orders", size: 1, more: "  restore: {backupRef: {name: flipped}}"))
            #expect(late.status != 0 && late.errors.contains("a cluster begins once"), "\(late)")
            #expect(try await fixture.waitForCluster("orders").status.clusterID == old.status.clusterID)
        }
    }

    @Test("The newest backup of a cluster whose records are gone is found in the storage")
    func latestOfStorage() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await fixture.apply(ControllerFixture.manifest("orders", size: 1))
            try await fixture.waitForCluster("orders")
            try await fixture.succeed("backup", "orders", "--name", "older")
            try await fixture.succeed("load", "orders", "--keys", "100")
            try await fixture.succeed("backup", "orders", "--name", "newer")
            let newer = try #require(try await fixture.record(EtcdBackup.self, "newer"))
            try await fixture.succeed("delete", "ec", "orders", "--unprotect")
            try await fixture.succeed("delete", "eb", "older", "newer")
            let source = ["--source-cluster", "orders", "--latest", "--etcd-version", "3.4.23", "--size", "1"]
            let draft = try await fixture.succeed(all: ["restore", "copy", "--dry-run"] + source)
            #expect(draft.contains("latest: true") && !draft.contains("status:"), "\(draft)")
            #expect(try await fixture.record(EtcdCluster.self, "copy") == nil)
            try await fixture.succeed(all: ["restore", "copy"] + source)
            let copy = try #require(try await fixture.record(EtcdCluster.self, "copy"))
            #expect(
                copy.status.restore?.hashKV == newer.status.hashKV
                    && copy.status.restore?.revision == newer.status.revision)
        }
    }

    @Test("Killed at moments of a restore, the controller's successor finishes it, and nothing half made is left")
    func killedController() async throws {
        try await ControllerFixture.run { fixture, controller in
            try await fixture.apply(ControllerFixture.manifest("orders", size: 1))
            let old = try await fixture.waitForCluster("orders")
            try await fixture.succeed("load", "orders", "--keys", "20000")
            try await fixture.succeed("backup", "orders", "--name", "first")
            let backup = try #require(try await fixture.record(EtcdBackup.self, "first"))
            for round in 0..<Soak.rounds(4, long: 50) {
                let name = "copy\(round)"
                try await fixture.succeed("restore", name, "--from-backup", "first", "--wait=false")
                for _ in 0..<2 {
                    try await Task.sleep(for: .milliseconds(Int.random(in: 0...2500)))
                    controller.signal(SIGKILL)
                    try await controller.waitForExit()
                    controller = try await fixture.start()
                    try await fixture.waitUntilReady()
                }
                let copy = try await fixture.waitForCluster(name, timeout: .seconds(180))
                #expect(copy.status.conditions[.restored]?.status == .true, "round \(round)")
                #expect(copy.status.restore?.hashKV == backup.status.hashKV)
                #expect(fixture.members.count == 4, "round \(round)")
                for member in copy.status.members {
                    let home = "\(fixture.data)/members/default/\(name)/\(copy.status.incarnation)/\(member.name)"
                    #expect(!directoryEntries(home).contains { $0.hasPrefix("restoring-") })
                    let hash = try await etcdctl(
                        member.endpoint, ["endpoint", "hashkv", "--rev", "\(backup.status.revision ?? 0)"], user: false)
                    #expect(hash.contains(", \(backup.status.hashKV ?? -1)"), "\(hash)")
                }
                #expect(directoryEntries(fixture.data + "/members/.restore").isEmpty)
                try await fixture.succeed("delete", "ec", name, "--unprotect")
            }
            #expect(try await fixture.waitForCluster("orders").status.clusterID == old.status.clusterID)
        }
    }

    // MARK: Help

    private static let secret = """
        apiVersion: v1
        kind: Secret
        metadata: {name: root}
        stringData: {username: root, password: secret}
        """

    /// Three leases with keys, overwritten and deleted keys.
    private func fill(_ endpoint: String) async throws {
        for index in 0..<3 {
            let grant = try await etcdctl(endpoint, ["lease", "grant", "\(3600 + index)"], user: false)
            let id = try #require(grant.split(separator: " ").dropFirst().first)
            try await etcdctl(endpoint, ["put", "--lease=\(id)", "leased/\(index)", "\(index)"], user: false)
        }
        for value in 0..<5 { try await etcdctl(endpoint, ["put", "often", "\(value)"], user: false) }
        try await etcdctl(endpoint, ["put", "deleted", "x"], user: false)
        try await etcdctl(endpoint, ["del", "deleted"], user: false)
    }

    private func enableAuth(_ endpoint: String) async throws {
        try await etcdctl(endpoint, ["user", "add", "root:secret"], user: false)
        try await etcdctl(endpoint, ["role", "add", "root"], user: false)
        try await etcdctl(endpoint, ["user", "grant-role", "root", "root"], user: false)
        try await etcdctl(endpoint, ["auth", "enable"], user: false)
    }

    /// The IDs of leases with the time each was granted for.
    private func leases(_ endpoint: String) async throws -> [String: String] {
        let list = try await etcdctl(endpoint, ["lease", "list"], user: try await needsUser(endpoint))
        var leases: [String: String] = [:]
        for id in list.split(separator: "\n").dropFirst().map(String.init) {
            let words = try await etcdctl(endpoint, ["lease", "timetolive", id, "--keys"], user: false)
            // lease ID granted with TTL(3600s), remaining(3599s), attached keys([leased/0])
            leases[id] = words.split(separator: ",").filter { !$0.contains("remaining") }.joined()
        }
        return leases
    }

    private func needsUser(_ endpoint: String) async throws -> Bool {
        try await run(endpoint, ["get", "x"], user: false).status != 0
    }

    @discardableResult
    private func etcdctl(_ endpoint: String, _ arguments: [String], user: Bool) async throws -> String {
        let output = try await run(endpoint, arguments, user: user)
        guard output.status == 0 else {
            throw TestSupportError("etcdctl \(arguments.joined(separator: " ")): \(output.errors)")
        }
        return output.output
    }

    private func run(
        _ endpoint: String, _ arguments: [String], user: Bool
    ) async throws -> ChildProcess.Output {
        try await ChildProcess.run(
            "/usr/bin/etcdctl", ["--endpoints", endpoint] + (user ? ["--user", "root:secret"] : []) + arguments,
            environment: [
                "PATH": "/usr/bin:/bin", "ETCDCTL_API": "3", "ETCDCTL_COMMAND_TIMEOUT": "20s",
                "ETCDCTL_DIAL_TIMEOUT": "20s",
            ], timeout: .seconds(20))
    }

    /// Ways in which a stored backup goes bad.
    private enum Damage {
        static let all: [(String, @Sendable (String) throws -> Void)] = [
            ("flipped", { path in try flipBit(inTheMiddleOf: path) }),
            ("cut", { path in #expect(truncate(path, 1000) == 0) }),
            ("gone", { path in #expect(unlink(path) == 0) }),
        ]
    }
}
