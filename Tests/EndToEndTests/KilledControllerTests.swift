import Glibc
import Model
import TestSupport
import Testing

/// A controller killed at random moments of create, backup and delete converges every time.
@Suite(.timeLimit(.minutes(Soak.isLong ? 40 : 12)))
struct KilledControllerTests {
    @Test("Killed at random moments, it leaves no orphan process and no half backup, and converges")
    func randomMoments() async throws {
        try await ControllerFixture.run { fixture, controller in
            for round in 0..<Soak.rounds(4, long: 50) {
                let name = "c\(round)"
                try await fixture.apply(
                    ControllerFixture.manifest(name, more: "  backup: {interval: 1h}\n  deletionPolicy: Delete"))
                try await killSoon(&controller, fixture, within: 2500)
                let cluster = try await fixture.waitForCluster(name, timeout: .seconds(120))
                #expect(fixture.members.count == 3, "round \(round)")

                _ = try await fixture.lodestone("backup", name, "--name", "\(name)-demand")
                try await killSoon(&controller, fixture, within: 400)
                try await eventually("the backups are made", timeout: .seconds(120)) {
                    let backups = try await fixture.records(EtcdBackup.self).filter { $0.spec.clusterRef.name == name }
                    return backups.count >= 2 && backups.allSatisfy { $0.status.phase == .succeeded }
                }
                try checkArchive(fixture, name, cluster.status.incarnation)

                try await fixture.succeed("delete", "ec", name, "--unprotect")
                try await killSoon(&controller, fixture, within: 2500)
                try await eventually("everything of it is gone", timeout: .seconds(120)) {
                    try await fixture.record(EtcdCluster.self, name) == nil && fixture.members.isEmpty
                }
                #expect(directoryEntries(fixture.data + "/members/default").isEmpty)
            }
        }
    }

    /// Kills the controller some time within so many milliseconds and starts it again.
    private func killSoon(_ controller: inout ChildProcess, _ fixture: ControllerFixture, within limit: Int)
        async throws
    {
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...limit)))
        controller.signal(SIGKILL)
        try await controller.waitForExit()
        controller = try await fixture.start()
        try await fixture.waitUntilReady()
    }

    /// Every backup that is listed is whole: it has its data and its manifest, and nothing else lies there.
    private func checkArchive(_ fixture: ControllerFixture, _ name: String, _ incarnation: String) throws {
        let root = "\(fixture.data)/backups/default/\(name)/\(incarnation)"
        for backup in directoryEntries(root) where backup != "owner.json" {
            let files = directoryEntries("\(root)/\(backup)")
            #expect(files == ["manifest.json", "snapshot.db.zst"], "\(backup): \(files)")
        }
    }
}
