import Glibc
import Model
import TestSupport
import Testing

@testable import Store

@Suite(.timeLimit(.minutes(10)))
struct StoreFileTests {
    private let scratch = ScratchDirectory()

    @Test("A data directory serves one controller; a second one is told which process has it")
    func locked() async throws {
        let store = try await scratch.open()
        let path = try scratch.options().path
        await #expect(throws: StoreError.locked(path: path, holder: getpid())) { try await scratch.open() }
        let error = await #expect(throws: StoreError.self) { try await scratch.open() }
        #expect(error?.description.contains("is in use by the process \(getpid()). Stop that controller first") == true)
        await store.close()
        await #expect(throws: Never.self) { try await scratch.open().close() }
    }

    @Test("The directory and its files are for their owner alone, as secrets are among the records")
    func modes() async throws {
        var options = try scratch.options()
        options.directory += "/deep/below"
        let store = try await RecordStore.open(options)
        try await store.create(Widget("a"))
        var status = stat()
        for name in ["store.db", "store.db-wal", "store.db-shm", "store.lock"] {
            #expect(stat("\(options.directory)/\(name)", &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600, "\(name)")
        }
        #expect(stat(options.directory, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o700)
        await store.close()
    }

    /// What can happen to a file.
    enum Damage: CaseIterable {
        case text, emptied, halved, zeroedPages, otherDatabase, headerGone
    }

    @Test("A damaged or foreign file is refused with a sentence, and left as it is", arguments: Damage.allCases)
    func damaged(_ damage: Damage) async throws {
        let options = try scratch.options()
        do {
            let store = try await scratch.open()
            for index in 0..<200 { try await store.create(Widget("w\(index)", labels: ["l": "\(index)"])) }
            await store.close()
        }
        let original = try readBytes(options.path)
        var bytes = original
        switch damage {
        case .text: bytes = Array("kind: EtcdCluster\n".utf8)
        case .emptied: bytes = []
        case .halved: bytes.removeLast(bytes.count / 2)
        case .zeroedPages: bytes.replaceSubrange(8192..<40960, with: repeatElement(0, count: 32768))
        case .headerGone: bytes.replaceSubrange(0..<100, with: repeatElement(0x41, count: 100))
        case .otherDatabase:
            unlink(options.path)
            let other = try SQLiteConnection(path: options.path, mode: .create)
            try other.execute("CREATE TABLE meta (name TEXT)")
            bytes = try readBytes(options.path)
        }
        try writeBytes(bytes, to: options.path)
        let error = await #expect(throws: StoreError.self) { try await scratch.open() }
        guard case .corrupt(options.path, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.description.contains("was left untouched") == true)
        #expect(try readBytes(options.path) == bytes)
        // Putting the good copy back is all it takes.
        for leftover in ["-wal", "-shm"] { unlink(options.path + leftover) }
        try writeBytes(original, to: options.path)
        #expect(try await scratch.open().list(Widget.self).count == 200)
    }

    @Test("A file of a newer program is refused")
    func newer() async throws {
        await (try await scratch.open()).close()
        let options = try scratch.options()
        do {
            let connection = try SQLiteConnection(path: options.path, mode: .write)
            try connection.execute("PRAGMA user_version = \(StoreFile.schemaVersion + 1)")
        }
        let error = await #expect(throws: StoreError.self) { try await scratch.open() }
        #expect(error?.description.contains("written by a newer lodestone (format 4, this one knows 3)") == true)
    }

    @Test("A file of format 1 gets the table of labels, with the labels of what it holds")
    func older() async throws {
        do {
            let store = try await scratch.open()
            try await store.create(Widget("a", size: 1, labels: ["tier": "gold", "app": "x"]))
            try await store.create(Widget("b", size: 2))
            await store.close()
        }
        let options = try scratch.options()
        do {
            let connection = try SQLiteConnection(path: options.path, mode: .write)
            try connection.execute("DROP TABLE labels; PRAGMA user_version = 1")
        }
        for _ in 0..<2 {
            let store = try await scratch.open()
            #expect(try await store.list(Widget.self, labels: ["tier": "gold"]).map(\.spec.size) == [1])
            #expect(try await store.list(Widget.self, labels: ["app": "x", "tier": "gold"]).map(\.spec.size) == [1])
            #expect(try await store.list(Widget.self, labels: ["tier": "x"]).isEmpty)
            await store.close()
        }
    }

    @Test("A first start that was interrupted leaves nothing in the way")
    func interruptedStart() async throws {
        let options = try scratch.options()
        try writeBytes(Array("half made".utf8), to: options.path + ".new")
        try await (try await scratch.open()).create(Widget("a"))
        #expect(access(options.path + ".new", F_OK) != 0)
    }

    @Test("A directory that cannot be made is named", arguments: ["/proc/nothing/here", "/dev/null/x"])
    func unusable(directory: String) async throws {
        var options = try scratch.options()
        options.directory = directory
        let error = await #expect(throws: StoreError.self) { try await RecordStore.open(options) }
        #expect(
            error?.description.contains(directory.hasPrefix("/proc") ? "/proc/nothing cannot" : "/dev/null") == true)
    }

    @Test("Closing leaves one file that holds everything")
    func closing() async throws {
        let store = try await scratch.open()
        try await store.create(Widget("a"))
        await store.close()
        let options = try scratch.options()
        #expect(access(options.path + "-wal", F_OK) != 0)
        #expect(try await scratch.open().list(Widget.self).count == 1)
    }
}

/// All bytes of a file.
func readBytes(_ path: String) throws -> [UInt8] {
    let file = try #require(fopen(path, "r"))
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
    return bytes
}

/// Replaces the content of a file.
func writeBytes(_ bytes: [UInt8], to path: String) throws {
    let file = try #require(fopen(path, "w"))
    defer { fclose(file) }
    #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
}
