import Glibc
import Model
import TestSupport
import Testing

/// Backups with a key out of a Secret, through the whole program.
@Suite(.timeLimit(.minutes(10)))
struct EncryptedBackupTests {
    @Test(
        "Backups are encrypted with the current key, readable after a change of keys, and not called lost without one")
    func keys() async throws {
        try await ControllerFixture.run { fixture, _ in
            let first = try await fixture.succeed("backup", "key", "new", "--id", "k1")
            try await fixture.apply(first)
            try await fixture.apply(
                ControllerFixture.manifest(
                    "sealed", size: 1,
                    more: "  backup: {interval: 24h, encryption: {secretRef: {name: backup-keys}}}"))
            _ = try await fixture.waitForCluster("sealed")
            try await fixture.succeed("wait", "ec/sealed", "--for", "condition=BackupReady", "--timeout", "60s")
            let backup = try #require(try await fixture.records(EtcdBackup.self).first)
            let name = backup.metadata.name
            #expect(backup.status.keyID == "k1" && backup.status.compression == .zstd)
            #expect(backup.status.message.contains("encrypted with key \"k1\""))
            let object = "\(backup.status.location)/snapshot.db.zst.sealed"
            try writeTextFile(fixture.file("keys.yaml"), first)
            try await fixture.succeed(
                "snapshot", "verify", object, "--key-file", fixture.file("keys.yaml"), "--scratch", fixture.file("s"))
            let key = try #require(try await fixture.record(Secret.self, "backup-keys")?.data["k1"])
            #expect(readTextFile("\(backup.status.location)/manifest.json")?.contains(key) == false)
            #expect(directoryEntries("\(fixture.data)/scratch").isEmpty)

            let second = try await fixture.succeed(
                "backup", "key", "new", "--id", "k2", "--add-to", fixture.file("keys.yaml"))
            try await fixture.apply(second)
            try await fixture.succeed("backup", "sealed", "--name", "newer")
            #expect(try await fixture.record(EtcdBackup.self, "newer")?.status.keyID == "k2")
            try await fixture.succeed("backup", "verify", name)

            // Only the second key is left: the first backup cannot be read, which is no damage.
            let only = try #require(try await fixture.record(Secret.self, "backup-keys"))
            try await fixture.apply(
                "apiVersion: v1\nkind: Secret\nmetadata: {name: backup-keys}\n"
                    + "data: {k2: \(only.data["k2"] ?? ""), current: \(only.data["current"] ?? "")}\n")
            let verdict = try await fixture.lodestone("backup", "verify", name)
            #expect(verdict.status == 1 && verdict.errors.contains("it needs the key \"k1\""), "\(verdict)")
            let unreadable = try #require(try await fixture.record(EtcdBackup.self, name))
            #expect(unreadable.status.phase == .succeeded)
            #expect(unreadable.status.conditions.contains { $0.type == .stored && $0.reason == "KeyMissing" })
            try await fixture.apply(second)
            try await fixture.succeed("backup", "verify", name)

            try await fixture.succeed("delete", "secret", "backup-keys", "--unprotect")
            let refused = try await fixture.lodestone("backup", "sealed", "--name", "keyless")
            #expect(refused.status == 1 && refused.errors.contains("there is no such Secret"), "\(refused)")
        }
    }
}
