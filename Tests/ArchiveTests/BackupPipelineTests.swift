import Crypto
import Etcd
import Glibc
import Model
import TestSupport
import Testing

@testable import Archive

@Suite(.timeLimit(.minutes(10)))
struct BackupPipelineTests {
    @Test("A backup has a manifest with the figures of the file, and can be listed and proven")
    func wholeBackup() async throws {
        try await withArchive { setting in
            let bytes = setting.snapshot.bytes
            let reports = Reports()
            let before = Timestamp.now
            let manifest = try await setting.pipeline.run(
                setting.id, from: origin, pieces(of: bytes), progress: reports.add)
            #expect(manifest.id == setting.id)
            #expect(manifest.content.revision == setting.snapshot.revision)
            #expect(manifest.content.liveKeys == setting.snapshot.liveKeys)
            #expect(manifest.content.compactRevision == 12)
            #expect(manifest.file.size == Int64(bytes.count))
            #expect(manifest.file.sha256 == Hex.encode(SHA256.hash(bytes)))
            #expect(manifest.file.trailer == Hex.encode(bytes.suffix(32)))
            #expect(manifest.cluster.id == "cdf818a4" && manifest.member.id == "8e9e05c5")
            #expect(manifest.etcdVersion == "3.4.23" && manifest.writer == "lodestone test")
            #expect(before.wholeSeconds <= manifest.started && manifest.started <= manifest.finished)
            #expect(!manifest.content.hashConfirmed)
            #expect(try readFile("\(setting.home)/snapshot.db") == bytes)
            #expect(tree(setting.home) == ["manifest.json", "snapshot.db"])

            let listing = try await setting.archive.backups(of: orders)
            #expect(listing.backups == [manifest] && listing.unreadable.isEmpty)
            #expect(try await setting.archive.verify(setting.id) == manifest)
            #expect(reports.all.map(\.phase).last == .publishing)
            #expect(reports.all.allSatisfy { $0.received <= $0.expected })
        }
    }

    @Test("A snapshot cut at any byte is refused and leaves nothing")
    func cut() async throws {
        try await withArchive { setting in
            var random = SystemRandomNumberGenerator()
            let length = setting.snapshot.bytes.count
            let cuts =
                [0, 1, 31, 32, length - 1, length - 32, length - 33]
                + (0..<30).map { _ in
                    Int.random(in: 0..<length, using: &random)
                }
            for count in cuts {
                let error = await #expect(throws: ArchiveError.self) {
                    try await setting.pipeline.run(
                        setting.id, from: origin, pieces(of: setting.snapshot.bytes, upTo: count))
                }
                #expect(
                    error?.code == .incomplete || error?.code == .damaged,
                    "cut at \(count): \(String(describing: error))")
                #expect(tree(setting.root).isEmpty)
            }
        }
    }

    @Test("A byte that changed on the way is refused and leaves nothing")
    func flipped() async throws {
        try await withArchive { setting in
            for _ in 0..<40 {
                var bytes = setting.snapshot.bytes
                bytes[Int.random(in: bytes.indices)] ^= 1 << UInt8.random(in: 0..<8)
                let error = await #expect(throws: ArchiveError.self) {
                    try await setting.pipeline.run(setting.id, from: origin, pieces(of: bytes))
                }
                #expect(error?.code == .damaged)
                #expect(tree(setting.root).isEmpty)
            }
        }
    }

    @Test("A member whose database is broken is found out although its checksum is right")
    func brokenAtTheSource() async throws {
        try await withArchive { setting in
            var bytes = Array(setting.snapshot.bytes.dropLast(32))
            // The meta page names the root of all buckets at byte 32.
            let root = bytes.withUnsafeBytes { Int($0.loadUnaligned(fromByteOffset: 32, as: UInt64.self)) }
            for offset in 0..<4096 { bytes[root * 4096 + offset] = 0xFF }
            bytes += SHA256.hash(bytes)
            let error = await #expect(throws: ArchiveError.self) {
                try await setting.pipeline.run(setting.id, from: origin, pieces(of: bytes))
            }
            #expect(error?.code == .damaged)
            #expect(error?.description.contains("page") == true)
            #expect(tree(setting.root).isEmpty)
        }
    }

    @Test("A stream that fails passes its own error on and leaves nothing")
    func brokenStream() async throws {
        try await withArchive { setting in
            await #expect(throws: TestSupportError.self) {
                try await setting.pipeline.run(
                    setting.id, from: origin,
                    pieces(of: setting.snapshot.bytes, upTo: 50_000, end: .with(TestSupportError("connection reset"))))
            }
            #expect(tree(setting.root).isEmpty)
        }
    }

    @Test("A stream that stays open but brings nothing is given up", arguments: [0, 1])
    func stalled(kind: Int) async throws {
        try await withArchive { setting in
            var pipeline = setting.pipeline
            pipeline.patience = .milliseconds(200)
            let error = await #expect(throws: ArchiveError.self) {
                try await pipeline.run(
                    setting.id, from: origin,
                    pieces(of: setting.snapshot.bytes, upTo: 50_000, end: kind == 0 ? .never : .inEmptyPieces))
            }
            #expect(error?.code == .stalled)
            #expect(error?.isRetryable == true)
            #expect(tree(setting.root).isEmpty)
        }
    }

    @Test("A cancelled backup ends at once and leaves nothing")
    func cancelled() async throws {
        try await withArchive { setting in
            let task = Task {
                try await setting.pipeline.run(
                    setting.id, from: origin, pieces(of: setting.snapshot.bytes, upTo: 50_000, end: .never))
            }
            try await eventually("bytes are written") { !tree(setting.root).isEmpty }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(tree(setting.root).isEmpty)
        }
    }

    @Test("A name is used once; an attempt that was killed before its manifest is no obstacle")
    func sameName() async throws {
        try await withArchive { setting in
            let bytes = setting.snapshot.bytes
            let storage = BackupStorageConformance(setting.storage)
            try await storage.write([1, 2, 3], to: try setting.id.key(of: "snapshot.db"))
            try writeFile([1], to: "\(setting.home)/\(StagingFile.prefix)\(setting.storage.owner)-killed")
            #expect(try await setting.archive.backups(of: orders).backups.isEmpty)

            _ = try await setting.pipeline.run(setting.id, from: origin, pieces(of: bytes))
            #expect(tree(setting.home) == ["manifest.json", "snapshot.db"])
            let manifest = try readFile("\(setting.home)/manifest.json")
            let error = await #expect(throws: ArchiveError.self) {
                try await setting.pipeline.run(setting.id, from: origin, pieces(of: bytes))
            }
            #expect(error?.code == .exists)
            #expect(try readFile("\(setting.home)/manifest.json") == manifest)
        }
    }

    @Test("The member's own HashKV confirms a backup, contradicts it, or says nothing")
    func liveHash() async throws {
        try await withArchive { setting in
            let bytes = setting.snapshot.bytes
            let path = "\(setting.root)-copy"
            try writeFile(bytes, to: path)
            defer { removeTree(path) }
            let truth = try DatabaseFile(path: path).summary().hash
            func id(_ name: String) -> BackupID { BackupID(cluster: orders, name: name) }

            let same = try await setting.pipeline.run(
                id("same"), from: origin, pieces(of: bytes), liveHash: { _ in truth })
            #expect(same.content.hashConfirmed && same.content.hashKV == Int64(truth.hash))
            let other = KeyspaceHash(hash: 1, revision: truth.revision, compactRevision: truth.compactRevision + 1)
            let silent = try await setting.pipeline.run(
                id("silent"), from: origin, pieces(of: bytes), liveHash: { _ in other })
            #expect(!silent.content.hashConfirmed)
            let wrong = KeyspaceHash(
                hash: truth.hash ^ 1, revision: truth.revision, compactRevision: truth.compactRevision)
            let error = await #expect(throws: ArchiveError.self) {
                try await setting.pipeline.run(id("wrong"), from: origin, pieces(of: bytes), liveHash: { _ in wrong })
            }
            #expect(error?.code == .hashMismatch)
            #expect(try await setting.archive.backups(of: orders).backups.count == 2)
        }
    }

    @Test("A manifest that cannot be written takes the snapshot back")
    func manifestFails() async throws {
        let snapshot = try await SnapshotFixture.shared.snapshot()
        let storage = try MemoryStorage()
        let id = BackupID(cluster: orders, name: "b1")
        // Another controller publishes the same manifest in the meantime.
        let rival = try id.key(of: "manifest.json")
        await #expect(throws: ArchiveError.self) {
            try await BackupPipeline(storage: storage, writer: "test").run(
                id, from: origin, pieces(of: snapshot.bytes),
                progress: { if $0.phase == .publishing { storage.plant([], at: rival) } })
        }
        #expect(
            storage.operations == [
                "publish 8e9e05c5/owner.json", "publish b1/snapshot.db", "delete b1/snapshot.db",
            ])
        #expect(storage.stagedFiles.isEmpty)
    }

    @Test(
        "A full disk is said in a sentence, at the beginning or where the member did not tell the size; nothing is left",
        .enabled(if: SmallDisk.isPossible), arguments: [true, false])
    func diskFull(isSizeKnown: Bool) async throws {
        let snapshot = try await SnapshotFixture.shared.snapshot()
        try await SmallDisk.with(kibibytes: 64) { path in
            let storage = try DirectoryStorage(path: path)
            let error = await #expect(throws: ArchiveError.self) {
                try await BackupPipeline(storage: storage, writer: "test").run(
                    BackupID(cluster: orders, name: "b1"), from: origin,
                    pieces(of: snapshot.bytes, isSizeKnown: isSizeKnown))
            }
            #expect(error?.code == .storageFull)
            #expect(error?.description.contains(path) == true)
            #expect(error?.detail.contains("no room for the") == isSizeKnown)
            #expect(tree(path).isEmpty)
        }
    }
}

/// A storage, what looks into it and what writes to it.
struct Setting {
    let root: String
    let storage: DirectoryStorage
    let archive: BackupArchive
    let pipeline: BackupPipeline
    let snapshot: SnapshotFixture.Snapshot
    let id = BackupID(cluster: orders, name: "b1")

    var home: String { "\(root)/default/orders/8e9e05c5/b1" }
}

/// Lends an archive in a fresh directory.
func withArchive(_ body: (Setting) async throws -> Void) async throws {
    let snapshot = try await SnapshotFixture.shared.snapshot()
    try await withTemporaryDirectory { directory in
        let root = "\(directory)/backups"
        let storage = try DirectoryStorage(path: root)
        try await body(
            Setting(
                root: root, storage: storage, archive: BackupArchive(storage: storage),
                pipeline: BackupPipeline(storage: storage, writer: "lodestone test"), snapshot: snapshot))
    }
}
