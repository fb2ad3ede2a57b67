import Archive
import Glibc
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct DirectoryStorageTests {
    @Test("A directory keeps every promise of a storage")
    func conformance() async throws {
        try await withTemporaryDirectory { directory in
            let storage = try DirectoryStorage(path: "\(directory)/not/yet/there")
            try await BackupStorageConformance(storage).run()
            #expect(tree("\(directory)/not/yet/there").isEmpty)
        }
    }

    @Test("A storage in memory keeps every promise of a storage")
    func memory() async throws {
        let storage = try MemoryStorage()
        try await BackupStorageConformance(storage).run()
        #expect(storage.stagedFiles.isEmpty)
    }

    @Test("Files and directories are for their owner only")
    func modes() async throws {
        try await withTemporaryDirectory { directory in
            let storage = try DirectoryStorage(path: directory)
            try await BackupStorageConformance(storage).write([1], to: try ObjectKey(["a", "b"]))
            var status = stat()
            #expect(stat("\(directory)/a/b", &status) == 0 && status.st_mode & 0o777 == 0o600)
            #expect(stat("\(directory)/a", &status) == 0 && status.st_mode & 0o777 == 0o700)
        }
    }

    @Test(
        "Names that could leave the directory or hide in it are refused",
        arguments: [
            [""], [".."], [".hidden"], ["a/b"], ["a", ""], ["ü"], ["a b"], [String(repeating: "x", count: 201)],
        ])
    func names(components: [String]) {
        let error = #expect(throws: ArchiveError.self) { try ObjectKey(components) }
        #expect(error?.code == .invalidName)
    }

    @Test("A path that is not absolute or goes up is refused", arguments: ["backups", "", "/a/../b"])
    func paths(path: String) {
        let error = #expect(throws: ArchiveError.self) { try DirectoryStorage(path: path) }
        #expect(error?.code == .invalidName)
    }

    @Test("What a dead writer of this machine left is removed, what others are writing stays")
    func leftovers() async throws {
        try await withTemporaryDirectory { directory in
            let mine = try DirectoryStorage(path: directory, owner: "me")
            let key = try ObjectKey(["a", "b", "object"])
            let working = try await mine.stage(key)
            try writeFile([1], to: "\(directory)/a/b/.partial-me-dead")
            try writeFile([1], to: "\(directory)/a/b/.partial-them-young")
            try writeFile([1], to: "\(directory)/a/b/.partial-them-old")
            var old = [timespec(tv_sec: 1_000_000, tv_nsec: 0), timespec(tv_sec: 1_000_000, tv_nsec: 0)]
            #expect(utimensat(AT_FDCWD, "\(directory)/a/b/.partial-them-old", &old, 0) == 0)

            #expect(try await mine.list(below: try ObjectKey([])).isEmpty)
            #expect(try await mine.removeLeftovers(below: try ObjectKey(["a"])) == 2)
            #expect(directoryEntries("\(directory)/a/b").filter { $0.contains("them") } == [".partial-them-young"])
            #expect(access(working.path, F_OK) == 0)
            working.discard()
            #expect(try await mine.removeLeftovers(below: try ObjectKey([])) == 0)
        }
    }

    @Test("A staging file that is let go of is gone, and so are the directories made for it")
    func letGo() async throws {
        try await withTemporaryDirectory { directory in
            let storage = try DirectoryStorage(path: directory)
            do { _ = try await storage.stage(try ObjectKey(["a", "b", "object"])) }
            #expect(directoryEntries(directory).isEmpty)
        }
    }

    @Test("A directory that cannot be written to is named with the reason")
    func unwritable() async throws {
        let storage = try DirectoryStorage(path: "/proc/none")
        let error = await #expect(throws: ArchiveError.self) { try await storage.stage(try ObjectKey(["a"])) }
        #expect(error?.description.contains("/proc/none") == true)
    }
}
