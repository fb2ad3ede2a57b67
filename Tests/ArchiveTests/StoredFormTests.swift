import Crypto
import Etcd
import Glibc
import Model
import TestSupport
import Testing

@testable import Archive

/// Backups that are stored compressed, sealed, or both.
@Suite(.timeLimit(.minutes(10)))
struct StoredFormTests {
    static let forms: [StoredForm] = [
        StoredForm(), StoredForm(compression: .zstd), StoredForm(key: key("k1")),
        StoredForm(compression: .zstd, key: key("k1")),
    ]

    @Test("A backup in any form is described, proven, and fetched as the file the member sent", arguments: forms)
    func roundTrip(form: StoredForm) async throws {
        try await withForm(form) { setting in
            let bytes = setting.snapshot.bytes
            let manifest = try await setting.pipeline.run(setting.id, from: origin, pieces(of: bytes))
            let name =
                "snapshot.db" + (form.compression == .zstd ? ".zst" : "") + (form.key == nil ? "" : ".sealed")
            #expect(tree(setting.home) == ["manifest.json", name])
            let stored = try readFile("\(setting.home)/\(name)")
            #expect(manifest.stored.name == name)
            #expect(manifest.stored.size == Int64(stored.count))
            #expect(manifest.stored.sha256 == Hex.encode(SHA256.hash(stored)))
            #expect(manifest.stored.encryption?.keyID == form.key?.id)
            #expect(manifest.file.size == Int64(bytes.count))
            #expect(manifest.file.sha256 == Hex.encode(SHA256.hash(bytes)))
            #expect(form.isPlain == (stored == bytes))
            // The large value of the fixture is one letter repeated.
            if form.compression == .zstd { #expect(stored.count < bytes.count / 2) }
            let text = String(decoding: try readFile("\(setting.home)/manifest.json"), as: UTF8.self)
            #expect(!text.contains(Hex.encode([UInt8](repeating: 1, count: 32))))

            #expect(try await setting.archive.backups(of: orders).backups == [manifest])
            #expect(try await setting.archive.verify(setting.id) == manifest)
            let path = "\(setting.root)-fetched.db"
            #expect(try await setting.archive.fetch(setting.id, to: path) == manifest)
            #expect(try readFile(path) == bytes)
            let again = await #expect(throws: ArchiveError.self) {
                try await setting.archive.fetch(setting.id, to: path)
            }
            #expect(again?.code == .exists)
            #expect(directoryEntries(setting.scratch).isEmpty)
        }
    }

    @Test("100 damaged objects of any form, 100 refusals, none fetched", arguments: forms)
    func damaged(form: StoredForm) async throws {
        try await withForm(form) { setting in
            _ = try await setting.pipeline.run(setting.id, from: origin, pieces(of: setting.snapshot.bytes))
            let other = BackupID(cluster: orders, name: "b2")
            _ = try await setting.pipeline.run(other, from: origin, pieces(of: setting.snapshot.bytes))
            let path = "\(setting.home)/\(form.objectName)"
            let sound = try readFile(path)
            var random = SeededRandom(seed: 42)
            for number in 0..<100 {
                var bytes = sound
                switch number % 5 {
                case 0, 1: bytes[Int.random(in: bytes.indices, using: &random)] ^= 1 << UInt8(number % 8)
                case 2: bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
                case 3: bytes.removeLast(32)
                default:
                    let place = Int.random(in: bytes.indices, using: &random)
                    bytes.insert(contentsOf: bytes[..<min(4096, place)] + [UInt8(number)], at: place)
                }
                try writeFile(bytes, to: path)
                let copy = "\(setting.root)-copy-\(number)"
                let refusals = [
                    await #expect(throws: ArchiveError.self) { try await setting.archive.verify(setting.id) },
                    await #expect(throws: ArchiveError.self) {
                        try await setting.archive.fetch(setting.id, to: copy)
                    },
                ]
                for error in refusals { #expect(error?.code == .contradiction, "\(String(describing: error))") }
                #expect(access(copy, F_OK) != 0)
            }
            if form.key != nil {
                // What was sealed for one backup is never taken for another, though manifest and bytes may agree.
                let swapped = try readFile(path.replacing("/b1/", with: "/b2/"))
                var manifest = try await setting.archive.manifest(of: setting.id)
                manifest.stored.size = Int64(swapped.count)
                manifest.stored.sha256 = Hex.encode(SHA256.hash(swapped))
                try writeFile(swapped, to: path)
                try writeFile(manifest.bytes, to: "\(setting.home)/manifest.json")
                let error = await #expect(throws: ArchiveError.self) { try await setting.archive.verify(setting.id) }
                #expect(error?.code == .contradiction && error?.detail.contains("/b2/") == true)
            } else {
                try writeFile(sound, to: path)
                try await setting.archive.verify(setting.id)
            }
        }
    }

    @Test("A key that is missing or another one is named as such, and the backup is not called damaged")
    func missingKeys() async throws {
        try await withForm(StoredForm(compression: .zstd, key: Self.key("k1"))) { setting in
            _ = try await setting.pipeline.run(setting.id, from: origin, pieces(of: setting.snapshot.bytes))
            func failure(_ keys: BackupKeyring?) async throws -> ArchiveError? {
                let archive = BackupArchive(storage: setting.storage, scratch: setting.scratch, keys: keys)
                // Listing needs no keys.
                #expect(try await archive.backups(of: orders).backups.map(\.name) == ["b1"])
                return await #expect(throws: ArchiveError.self) { try await archive.verify(setting.id) }
            }
            let others = try BackupKeyring(entries: ["k2": Self.bytes(2)], source: "Secret \"backup-keys\"")
            let missing = try await failure(others)
            #expect(missing?.code == .keyMissing && missing?.isRetryable == false)
            #expect(
                missing?.description.contains("it needs the key \"k1\", which Secret \"backup-keys\" does not have")
                    == true)
            #expect(try await failure(nil)?.code == .keyMissing)
            let wrong = try await failure(
                BackupKeyring(entries: ["k1": Self.bytes(9)], source: "Secret \"backup-keys\""))
            #expect(wrong?.code == .wrongKey)
        }
    }

    @Test("After a rotation new backups use the new key and old ones are read with the old one")
    func rotation() async throws {
        try await withForm(StoredForm(key: Self.key("k1"))) { setting in
            let keyring = try BackupKeyring(
                entries: ["k1": Self.bytes(1), "k2": Self.bytes(2), "current": Array("k2\n".utf8)], source: "test")
            _ = try await setting.pipeline.run(setting.id, from: origin, pieces(of: setting.snapshot.bytes))
            var pipeline = setting.pipeline
            pipeline.form.key = try keyring.current()
            let newer = BackupID(cluster: orders, name: "b2")
            let manifest = try await pipeline.run(newer, from: origin, pieces(of: setting.snapshot.bytes))
            #expect(manifest.stored.encryption?.keyID == "k2")
            let archive = BackupArchive(storage: setting.storage, scratch: setting.scratch, keys: keyring)
            try await archive.verify(setting.id)
            try await archive.verify(newer)
        }
    }

    @Test("A Secret that holds no keys, or whose current key is none, is refused with its entry named")
    func badSecrets() throws {
        func refusal(_ entries: [String: [UInt8]]) -> ArchiveError? {
            #expect(throws: ArchiveError.self) {
                try BackupKeyring(entries: entries, source: "Secret \"x\"").current()
            }
        }
        for (entries, words) in [
            (["k1": [1, 2, 3]], "\"k1\" has 3 bytes"), (["k1": Self.bytes(1)], "no entry \"current\""),
            (["k1": Self.bytes(1), "current": Array("k2".utf8)], "\"k2\", which is not among its keys (k1)"),
            ([:], "no entry \"current\""),
        ] {
            let error = refusal(entries)
            #expect(error?.code == .invalidKey)
            #expect(error?.description.contains(words) == true, "\(String(describing: error))")
        }
    }

    @Test("A backup that fails while it is transformed leaves nothing, and a full disk is told", arguments: [0, 1, 2])
    func failures(kind: Int) async throws {
        try await withForm(StoredForm(compression: .zstd, key: Self.key("k1"))) { setting in
            let bytes = setting.snapshot.bytes
            switch kind {
            case 0:
                var damaged = bytes
                damaged[70_000] ^= 1
                let error = await #expect(throws: ArchiveError.self) {
                    try await setting.pipeline.run(setting.id, from: origin, pieces(of: damaged))
                }
                #expect(error?.code == .damaged)
            case 1:
                await #expect(throws: TestSupportError.self) {
                    try await setting.pipeline.run(
                        setting.id, from: origin,
                        pieces(of: bytes, upTo: 50_000, end: .with(TestSupportError("connection reset"))))
                }
            default:
                let task = Task {
                    try await setting.pipeline.run(
                        setting.id, from: origin, pieces(of: bytes, upTo: 50_000, end: .never))
                }
                try await eventually("it is staged") { !tree(setting.root).isEmpty }
                task.cancel()
                await #expect(throws: CancellationError.self) { try await task.value }
            }
            #expect(tree(setting.root).isEmpty)
            #expect(directoryEntries(setting.scratch).isEmpty)
        }
    }

    @Test("A scratch directory without room is named before the transfer goes far", .enabled(if: SmallDisk.isPossible))
    func smallScratch() async throws {
        try await SmallDisk.with(kibibytes: 64) { disk in
            try await withForm(StoredForm(compression: .zstd), scratch: disk) { setting in
                let error = await #expect(throws: ArchiveError.self) {
                    try await setting.pipeline.run(setting.id, from: origin, pieces(of: setting.snapshot.bytes))
                }
                #expect(error?.code == .storageFull && error?.subject == disk)
                #expect(tree(setting.root).isEmpty && tree(disk).isEmpty)
            }
        }
    }

    static func bytes(_ number: UInt8) -> [UInt8] { [UInt8](repeating: number, count: 32) }

    static func key(_ id: String) -> SealingKey? { SealingKey(id: id, bytes: bytes(UInt8(id.dropFirst()) ?? 0)) }
}

/// A storage, what looks into it and what writes to it in a form.
struct FormSetting {
    let root: String
    let scratch: String
    let storage: DirectoryStorage
    let archive: BackupArchive
    let pipeline: BackupPipeline
    let snapshot: SnapshotFixture.Snapshot
    let id = BackupID(cluster: orders, name: "b1")

    var home: String { "\(root)/default/orders/8e9e05c5/b1" }
}

/// Lends an archive that stores backups in a form, with the key for them.
func withForm(
    _ form: StoredForm, scratch: String? = nil, _ body: (FormSetting) async throws -> Void
) async throws {
    let snapshot = try await SnapshotFixture.shared.snapshot()
    try await withTemporaryDirectory { directory in
        let root = "\(directory)/backups"
        let scratch = scratch ?? "\(directory)/scratch"
        let storage = try DirectoryStorage(path: root)
        let keys = form.key.map { BackupKeyring($0, source: "test") }
        try await body(
            FormSetting(
                root: root, scratch: scratch, storage: storage,
                archive: BackupArchive(storage: storage, scratch: scratch, keys: keys),
                pipeline: BackupPipeline(storage: storage, writer: "lodestone test", form: form, scratch: scratch),
                snapshot: snapshot))
    }
}
