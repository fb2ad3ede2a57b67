import Glibc
import Model
import TestSupport
import Testing

/// The change log as a user has it: declared, kept through a controller's death, begun again after a gap.
@Suite(.timeLimit(.minutes(10)))
struct ChangeLogEndToEndTests {
    @Test("Changes are stored within seconds, also behind a controller that was killed, and a gap makes a new backup")
    func kept() async throws {
        try await ControllerFixture.run { fixture, controller in
            try await fixture.apply(
                ControllerFixture.manifest(
                    "logged", size: 1, more: "  backup: {interval: 24h, log: {interval: 1s}}"))
            let cluster = try await fixture.waitForCluster("logged")
            try await fixture.succeed("wait", "ec/logged", "--for", "condition=BackupReady", "--timeout", "60s")
            for number in 0..<10 { try await put(cluster, "\(number)") }
            try await stored(fixture, cluster, atLeast: 11)
            try await eventually("the report tells what can be brought back", timeout: .seconds(90)) {
                try await fixture.succeed("report").contains("any moment from")
            }

            controller.signal(SIGKILL)
            try await controller.waitForExit()
            try await put(cluster, "while nobody looked")
            controller = try await fixture.start()
            try await stored(fixture, cluster, atLeast: 12)
            #expect(try await fixture.records(EtcdBackup.self).count == 1)

            controller.signal(SIGKILL)
            try await controller.waitForExit()
            for number in 0..<5 { try await put(cluster, "\(number)") }
            try await etcdctl(cluster, "compact", "17")
            controller = try await fixture.start()
            try await fixture.waitUntilReady()
            try await eventually("a new backup is made", timeout: .seconds(60)) {
                try await fixture.records(EtcdBackup.self).count { $0.status.phase == .succeeded } == 2
            }
            try await put(cluster, "behind the gap")
            try await stored(fixture, cluster, atLeast: 18)
        }
    }

    private func stored(_ fixture: ControllerFixture, _ cluster: EtcdCluster, atLeast revision: Int64) async throws {
        let place =
            "\(fixture.data)/backups/default/\(cluster.metadata.name)/\(cluster.status.incarnation)/log"
        try await eventually("revision \(revision) is in the log", timeout: .seconds(60)) {
            directoryEntries(place).contains { name in
                name.split(separator: "-").last.flatMap { Int64($0.prefix { $0.isNumber }) }.map { $0 >= revision }
                    ?? false
            }
        }
    }

    private func put(_ cluster: EtcdCluster, _ value: String) async throws {
        try await etcdctl(cluster, "put", "key", value)
    }

    private func etcdctl(_ cluster: EtcdCluster, _ arguments: String...) async throws {
        let endpoint = try #require(cluster.status.members.first?.endpoint)
        let result = try await ChildProcess.run(
            "/usr/bin/etcdctl", ["--endpoints", endpoint] + arguments,
            environment: [
                "ETCDCTL_API": "3", "ETCDCTL_COMMAND_TIMEOUT": "20s", "ETCDCTL_DIAL_TIMEOUT": "20s",
                "PATH": "/usr/bin:/bin",
            ])
        try #require(result.status == 0, "\(result.errors)")
    }
}
