import Glibc
import Model
import TestSupport
import Testing

/// Backups that were good and are no longer, because somebody or something got at the storage.
@Suite(.timeLimit(.minutes(10)))
struct LostBackupTests {
    @Test("A backup whose bytes change or go is told as lost, counts for nothing, and is found again when it is back")
    func lost() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await fixture.apply(ControllerFixture.manifest("kept", size: 1, more: "  backup: {interval: 24h}"))
            _ = try await fixture.waitForCluster("kept")
            try await fixture.succeed("wait", "ec/kept", "--for", "condition=BackupReady", "--timeout", "60s")
            let backup = try #require(try await fixture.records(EtcdBackup.self).first)
            let name = backup.metadata.name
            #expect(try await fixture.succeed("backup", "verify", name).contains("SHA-256"))
            let proven = try #require(try await fixture.record(EtcdBackup.self, name))
            #expect(proven.status.verifiedTime != nil && proven.status.phase == .succeeded)

            let place = proven.status.location
            rename(place, place + "-moved")
            let verdict = try await fixture.lodestone("backup", "verify", name)
            #expect(verdict.status == 1 && verdict.errors.contains("there is no such backup"), "\(verdict)")
            #expect(try await fixture.record(EtcdBackup.self, name)?.status.phase == .lost)
            let report = try await fixture.lodestone("report", "--fail-on", "critical")
            #expect(report.status == 3 && report.output.contains("BackupLost"), "\(report)")
            // Nothing could be restored, so another one is made at once.
            try await eventually("another backup is made", timeout: .seconds(60)) {
                try await fixture.records(EtcdBackup.self).count { $0.status.phase == .succeeded } == 1
            }

            rename(place + "-moved", place)
            try await fixture.succeed("backup", "verify", name)
            #expect(try await fixture.record(EtcdBackup.self, name)?.status.phase == .succeeded)
            #expect(try await fixture.lodestone("report", "--fail-on", "critical").status == 0)
        }
    }
}
