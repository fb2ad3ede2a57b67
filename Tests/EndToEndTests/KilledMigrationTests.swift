import Glibc
import Model
import TestSupport
import Testing

/// Migrations under way while controller, source and destination are killed: the same end, and no write lost.
@Suite(.timeLimit(.minutes(Soak.isLong ? 60 : 12)))
struct KilledMigrationTests {
    /// Who is killed.
    enum Victim: String, CaseIterable {
        case controller, source, destination
    }

    @Test("Killed at any moment, a migration comes to the same end", arguments: Victim.allCases)
    func killed(victim: Victim) async throws {
        var random = SeededRandom(seed: Soak.seed("killed migrations"))
        try await ControllerFixture.run { fixture, controller in
            let size = victim == .controller ? 1 : 3
            for round in 0..<Soak.rounds(1, long: 20) {
                let (source, copy, name) = ("from\(round)", "to\(round)", "move\(round)")
                try await fixture.apply(ControllerFixture.manifest(source, size: size))
                let endpoint = try await fixture.waitForCluster(source).status.members[0].endpoint
                try await fixture.succeed("load", source, "--keys", "2000")
                let writer = try await SteadyWriter.start(at: endpoint)
                try await fixture.succeed(
                    "migrate", source, copy, "--name", name, "--automatic", "--size", "\(size)", "--wait=false")
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    try await Task.sleep(for: .milliseconds(Int.random(in: 0...1500, using: &random)))
                    if victim == .controller {
                        controller.signal(SIGKILL)
                        try await controller.waitForExit()
                        controller = try await fixture.start()
                        try await fixture.waitUntilReady()
                    } else {
                        try await kill(victim == .source ? source : copy, fixture)
                    }
                }
                try await fixture.succeed(all: ["migrate", "watch", name, "--timeout", "120s"])
                try await eventually("migration \(name) is completed", timeout: .seconds(180)) {
                    try await fixture.record(EtcdMigration.self, name)?.status.phase == .completed
                }
                try await check(name, source, copy, await writer.end(), fixture)
                for cluster in [copy, source] { try await fixture.succeed("delete", "ec", cluster, "--unprotect") }
                try await fixture.succeed("delete", "em", name)
                try await eventually("no member is left", timeout: .seconds(60)) { fixture.members.isEmpty }
            }
        }
    }

    /// Kills the leader, or where it is not known the first member that runs.
    private func kill(_ name: String, _ fixture: ControllerFixture) async throws {
        guard let cluster = try await fixture.record(EtcdCluster.self, name) else { return }
        let leader = cluster.status.members.first { $0.name == cluster.status.leader }
        let member = leader?.name ?? "\(name)-0"
        for process in fixture.members
        where readTextFile("/proc/\(process)/cmdline")?.contains("--name=\(member)\0") ?? false {
            Glibc.kill(process, SIGKILL)
        }
    }

    private func check(
        _ name: String, _ source: String, _ copy: String, _ acknowledged: Set<String>, _ fixture: ControllerFixture
    ) async throws {
        let migration = try #require(try await fixture.record(EtcdMigration.self, name))
        #expect(migration.status.proof?.verdict == .equal, "\(migration.status)")
        let revision = try #require(migration.status.frozenRevision)
        let destination = try await fixture.waitForCluster(copy)
        let old = try #require(try await fixture.record(EtcdCluster.self, source))
        var hashes: Set<String> = []
        for member in destination.status.members + old.status.members {
            hashes.insert(try await Etcdctl.hash(member.endpoint, at: revision))
        }
        #expect(hashes.count == 1, "\(name): \(hashes)")
        let keys = Set(
            try await Etcdctl.run(
                destination.status.members[0].endpoint, ["get", "writer/", "--prefix", "--keys-only"]
            ).split(separator: "\n").map(String.init))
        #expect(acknowledged.subtracting(keys).isEmpty, "\(name): acknowledged and not there")
    }
}

/// The stock tool against one member.
enum Etcdctl {
    /// What it prints; a failure is a failure of the test.
    static func run(_ endpoint: String, _ arguments: [String]) async throws -> String {
        let result = try await attempt(endpoint, arguments)
        try #require(result.status == 0, "\(result.errors)")
        return result.output
    }

    /// How it ends.
    static func attempt(_ endpoint: String, _ arguments: [String]) async throws -> ChildProcess.Output {
        try await ChildProcess.run(
            "/usr/bin/etcdctl", ["--endpoints", endpoint] + arguments,
            environment: [
                "ETCDCTL_API": "3", "ETCDCTL_COMMAND_TIMEOUT": "20s", "ETCDCTL_DIAL_TIMEOUT": "20s",
                "PATH": "/usr/bin:/bin",
            ])
    }

    /// A member's HashKV at a revision.
    static func hash(_ endpoint: String, at revision: Int64) async throws -> String {
        let line = try await run(endpoint, ["endpoint", "hashkv", "--rev", "\(revision)"])
        return String(try #require(line.split(separator: " ").last)).filter(\.isNumber)
    }
}
