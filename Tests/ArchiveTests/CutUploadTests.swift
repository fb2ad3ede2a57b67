import Glibc
import Model
import TestSupport
import Testing

@testable import Archive

/// A backup whose way into its storage was cut at any byte is no backup: not listed, not readable, and no obstacle.
@Suite(.serialized, .timeLimit(.minutes(20)))
struct CutUploadTests {
    @Test("Cut at any byte on its way into a directory, a backup is never listed, and the next attempt is whole")
    func directory() async throws {
        var random = SeededRandom(seed: Soak.seed("cut backups, directory"))
        for form in StoredFormTests.forms {
            try await withForm(form) { setting in
                for round in 0..<Soak.rounds(10, long: 200) {
                    let id = BackupID(cluster: orders, name: "b\(round)")
                    let count = Int.random(in: 0..<setting.snapshot.bytes.count, using: &random)
                    let error = await #expect(throws: (any Error).self) {
                        try await setting.pipeline.run(
                            id, from: origin,
                            pieces(
                                of: setting.snapshot.bytes, upTo: count,
                                end: round.isMultiple(of: 2) ? .normally : .with(TestSupportError("reset"))))
                    }
                    #expect(error is ArchiveError || error is TestSupportError)
                    #expect(tree(setting.root).allSatisfy { $0.hasSuffix("owner.json") }, "cut at \(count)")
                    #expect(directoryEntries(setting.scratch).isEmpty)
                    #expect(try await setting.archive.backups(of: orders).backups.isEmpty)
                }
                try await accept(setting.pipeline, setting.archive, BackupID(cluster: orders, name: "b0"), setting)
            }
        }
    }

    @Test("A disk that is full at any byte leaves nothing of a backup", .enabled(if: SmallDisk.isPossible))
    func fullDisk() async throws {
        var random = SeededRandom(seed: Soak.seed("full disks"))
        for _ in 0..<Soak.rounds(4, long: 50) {
            let size = Int.random(in: 4...100, using: &random)
            try await SmallDisk.with(kibibytes: size) { disk in
                let snapshot = try await SnapshotFixture.shared.snapshot()
                let storage = try DirectoryStorage(path: "\(disk)/backups")
                let error = await #expect(throws: ArchiveError.self) {
                    try await BackupPipeline(storage: storage, writer: "test").run(
                        BackupID(cluster: orders, name: "b1"), from: origin,
                        pieces(of: snapshot.bytes, isSizeKnown: Bool.random()))
                }
                #expect(error?.code == .storageFull, "\(size) KiB: \(String(describing: error))")
                #expect(tree("\(disk)/backups").allSatisfy { $0.hasSuffix("owner.json") })
                #expect(try await BackupArchive(storage: storage).backups(of: orders).backups.isEmpty)
            }
        }
    }

    @Test("Cut at any byte on its way into a bucket, a backup is never listed, and the next attempt is whole")
    func bucket() async throws {
        let snapshot = try await SnapshotFixture.shared.snapshot()
        let seed = Soak.seed("cut backups, S3")
        try await withRealS3 { server in
            try await S3Fixture.with(server) { fixture in
                try await FaultyProxy.with(to: server.port) { proxy in
                    var random = SeededRandom(seed: seed)
                    let plain = BackupArchive(storage: try fixture.storage())
                    let storage = try fixture.storage(port: proxy.port) { $0.attempts = 1 }
                    let pipeline = BackupPipeline(storage: storage, writer: "test")
                    // Whole in one request; the storage's own tests cut those of several parts.
                    for round in 0..<Soak.rounds(12, long: 200) {
                        let id = BackupID(cluster: orders, name: "b\(round)")
                        // The manifest and the answers' requests come behind the bytes, and are cut as well.
                        let limit = snapshot.bytes.count + 8000
                        proxy.set(.cut(afterBytes: Int.random(in: 1..<limit, using: &random)))
                        let isCut: Bool
                        do {
                            _ = try await pipeline.run(id, from: origin, pieces(of: snapshot.bytes))
                            isCut = false
                        } catch {
                            #expect((error as? ArchiveError)?.code == .storageUnavailable, "\(error)")
                            isCut = true
                        }
                        proxy.set(.none)
                        try await check(id, isCut: isCut, plain, fixture)
                        try await remove(id, plain, storage)
                        _ = try await pipeline.run(id, from: origin, pieces(of: snapshot.bytes))
                        #expect(try await plain.backups(of: orders).backups.map(\.name) == [id.name])
                        try await plain.verify(id)
                        try await plain.delete(id)
                    }
                    #expect(try await server.names(in: fixture.bucket, fixture.engine) == (objects: [], uploads: []))
                    #expect(
                        directoryEntries(fixture.staging).flatMap { directoryEntries("\(fixture.staging)/\($0)") }
                            .isEmpty)
                }
            }
        }
    }

    /// What is listed after a cut is whole, which it can be if only the last answer was lost.
    private func check(
        _ id: BackupID, isCut: Bool, _ archive: BackupArchive, _ fixture: S3Fixture
    ) async throws {
        let listing = try await archive.backups(of: orders)
        #expect(listing.unreadable.isEmpty)
        for backup in listing.backups { try await archive.verify(backup.id) }
        #expect(isCut || listing.backups.map(\.name) == [id.name])
    }

    /// Removes what an attempt has left, as the next backup of the cluster or a person does.
    private func remove(_ id: BackupID, _ archive: BackupArchive, _ storage: S3Storage) async throws {
        _ = try await storage.removeLeftovers(below: try orders.key())
        do {
            try await archive.delete(id)
        } catch let error as ArchiveError {
            #expect(error.code == .notFound)
        }
    }

    private func accept(
        _ pipeline: BackupPipeline, _ archive: BackupArchive, _ id: BackupID, _ setting: FormSetting
    ) async throws {
        _ = try await pipeline.run(id, from: origin, pieces(of: setting.snapshot.bytes))
        #expect(try await archive.backups(of: orders).backups.map(\.name) == [id.name])
        try await archive.verify(id)
    }
}
