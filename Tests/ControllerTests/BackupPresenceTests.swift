import Archive
import Model
import Testing

@testable import Controller

struct BackupPresenceTests {
    static let start = Timestamp(secondsSinceEpoch: 1_795_237_200)

    static func backup(uid: String = "a") -> EtcdBackup {
        var backup = EtcdBackup()
        backup.metadata.uid = uid
        backup.status.phase = .succeeded
        backup.status.completionTime = start
        backup.status.sha256 = "abc"
        return backup
    }

    private static func sight(_ sha256: String) -> BackupPresence.Sight {
        var manifest = BackupManifest()
        manifest.file.sha256 = sha256
        return .init(manifest: manifest)
    }

    @Test("Only the backup on record is there; what is missing or differs is gone; what cannot be told is unknown")
    func judge() {
        func verdict(_ result: Result<BackupPresence.Sight, any Error>) -> String {
            switch BackupPresence.judge(result, of: Self.backup()) {
            case .there: "there"
            case .gone: "gone"
            case .unknown: "unknown"
            }
        }
        #expect(verdict(.success(Self.sight("abc"))) == "there")
        #expect(verdict(.success(Self.sight("abd"))) == "gone")
        let codes: [(ArchiveError.Code, String)] = [
            (.notFound, "gone"), (.contradiction, "gone"), (.invalidManifest, "gone"),
            (.storageUnavailable, "unknown"), (.storageFull, "unknown"),
        ]
        for (code, expected) in codes {
            #expect(verdict(.failure(ArchiveError(code, "b", "c"))) == expected, "\(code)")
        }
        #expect(verdict(.failure(CancellationError())) == "unknown")
    }

    @Test("A backup is looked for an hour after the last certain answer, thousands of them not at once")
    func due() {
        var backup = Self.backup()
        let first = BackupPresence.due(backup)
        #expect(first >= Self.start + .seconds(3600) && first < Self.start + .seconds(4200))
        backup.status.checkedTime = Self.start + .seconds(100)
        #expect(BackupPresence.due(backup) == first + .seconds(100))
        let times = Set((0..<1000).map { BackupPresence.due(Self.backup(uid: "uid-\($0)")) })
        #expect(times.count > 300)
    }

    @Test("A lost backup counts for nothing, and one not seen for hours is not taken for granted")
    func condition() {
        func condition(_ backup: EtcdBackup, afterHours hours: Int64) -> Condition {
            var policy = BackupPolicy()
            policy.interval = .seconds(86400)
            let plan = BackupSchedulePlan([backup], incarnation: "")
            return plan.condition(by: policy, at: Self.start + .seconds(hours * 3600))
        }
        var backup = Self.backup()
        backup.status.checkedTime = Self.start
        #expect(condition(backup, afterHours: 5).status == .true)
        backup.status.conditions = [Condition(.stored, .unknown, reason: "StorageUnavailable", message: "it hangs")]
        #expect(condition(backup, afterHours: 2).status == .true)
        #expect(condition(backup, afterHours: 4).status == .unknown)
        backup.status.phase = .lost
        #expect(condition(backup, afterHours: 1).status == .false)
        #expect(condition(backup, afterHours: 1).reason == "BackupLost")
        #expect(BackupSchedulePlan([backup], incarnation: "").due(by: BackupPolicy(), at: Self.start) == Self.start)
    }
}
