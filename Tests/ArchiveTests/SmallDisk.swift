import Glibc
import Synchronization
import TestSupport

@testable import Archive

/// A file system of a few kibibytes, for tests of what happens when it is full.
enum SmallDisk {
    /// Whether this user may mount one; says so if not.
    static let isPossible: Bool = {
        if geteuid() == 0, access("/bin/mount", X_OK) == 0 { return true }
        print("Skipped: a small file system can be mounted by root only.")
        return false
    }()

    /// Lends the path of an empty file system, which is unmounted afterwards.
    static func with(kibibytes: Int, _ body: (String) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/disk"
            mkdir(path, 0o700)
            let mounted = try await ChildProcess.run(
                "/bin/mount", ["-t", "tmpfs", "-o", "size=\(kibibytes)k", "tmpfs", path])
            guard mounted.status == 0 else {
                print("Skipped: this machine does not let root mount a file system: \(mounted.errors)")
                return
            }
            do {
                try await body(path)
            } catch {
                _ = try await ChildProcess.run("/bin/umount", ["-l", path])
                throw error
            }
            _ = try await ChildProcess.run("/bin/umount", ["-l", path])
        }
    }
}

/// The progress reports of a backup.
final class Reports: Sendable {
    private let reports = Mutex<[BackupProgress]>([])

    var all: [BackupProgress] { reports.withLock { $0 } }

    func add(_ report: BackupProgress) {
        reports.withLock { $0.append(report) }
    }
}

/// Holds a backup in the middle of its bytes until something has been done to the member.
final class Disturbance: Sendable {
    private let state = Mutex((isDue: false, isDone: false))

    /// Whether the backup has come to the middle and waits.
    var isDue: Bool { state.withLock { $0.isDue } }

    /// Lets the backup go on.
    func letGo() {
        state.withLock { $0.isDone = true }
    }

    /// Blocks the backup's thread; called from its progress reports.
    func wait() {
        state.withLock { $0.isDue = true }
        while !state.withLock({ $0.isDone }) { usleep(1000) }
    }
}
