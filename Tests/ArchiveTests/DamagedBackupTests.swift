import Crypto
import Etcd
import Glibc
import Model
import TestSupport
import Testing

@testable import Archive

/// Whatever became of a stored backup, neither a restore nor a verification takes it for one.
///
/// `fetch` is what a restore reads a backup with, `verify` what a backup's record is checked with, and `SnapshotFile`
/// what `lodestone snapshot verify` uses.
@Suite(.timeLimit(.minutes(20)))
struct DamagedBackupTests {
    @Test("Of over 100 damaged backups in all forms each is refused in words, and none is restored")
    func everyDamage() async throws {
        var random = SeededRandom(seed: Soak.seed("damaged backups"))
        var refused = 0
        for form in StoredFormTests.forms {
            try await withForm(form) { setting in
                let scene = try await Scene(setting, form)
                for _ in 0..<Soak.rounds(4, long: 100) {
                    for damage in Damage.allCases where form.key != nil || !damage.needsKey {
                        try await scene.check(damage, &random)
                        refused += 1
                    }
                }
            }
        }
        #expect(refused >= 100)
        print("damaged backups: \(refused) refused")
    }
}

/// What can become of a stored backup.
private enum Damage: CaseIterable {
    case flippedByte, cut, missingTrailer, swappedObject, swappedManifest, renamedManifest, alteredFigure
    case foreignIncarnation, wrongKey, missingKey

    var needsKey: Bool { self == .wrongKey || self == .missingKey }

    /// How the archive may name it.
    var codes: [ArchiveError.Code] {
        switch self {
        case .flippedByte, .cut, .missingTrailer, .swappedObject, .renamedManifest: [.contradiction]
        // A manifest may name another object, a key that nobody has, or a form that cannot be.
        case .alteredFigure: [.contradiction, .notFound, .keyMissing, .invalidManifest]
        case .swappedManifest, .foreignIncarnation: [.invalidManifest]
        case .wrongKey: [.wrongKey]
        case .missingKey: [.keyMissing]
        }
    }

    /// Whether a look at the files alone can tell; where they lie says nothing then.
    var showsInFiles: Bool { self != .foreignIncarnation }
}

/// Two backups of one cluster, with different contents in the same form.
private struct Scene {
    let setting: FormSetting
    let form: StoredForm
    let object: [UInt8]
    let manifest: BackupManifest
    let otherObject: [UInt8]
    let otherManifest: BackupManifest

    init(_ setting: FormSetting, _ form: StoredForm) async throws {
        self.setting = setting
        self.form = form
        let plain = "\(setting.root)-plain.db"
        try writeFile(setting.snapshot.bytes, to: plain)
        let earlier = "\(setting.root)-earlier.db"
        let base = try DatabaseFile(path: plain)
        _ = try DatabaseReplay(of: base, at: setting.snapshot.revision - 2, to: earlier).finish()
        let other = BackupID(cluster: orders, name: "b2")
        manifest = try await setting.pipeline.run(setting.id, from: origin, pieces(of: setting.snapshot.bytes))
        otherManifest = try await setting.pipeline.run(other, from: origin, pieces(of: try readFile(earlier)))
        object = try readFile("\(setting.home)/\(form.objectName)")
        otherObject = try readFile("\(setting.root)/default/orders/8e9e05c5/b2/\(form.objectName)")
    }

    /// Does the damage, and sees it refused by all three; then the sound backup is accepted again.
    func check(_ damage: Damage, _ random: inout SeededRandom) async throws {
        let (id, home) = place(of: damage)
        let (bytes, document) = try made(damage, &random)
        try makeDirectories(home)
        try writeFile(bytes, to: "\(home)/\(form.objectName)")
        try writeFile(document, to: "\(home)/\(BackupID.manifestName)")
        let target = "\(setting.root)-target"
        if access(target, F_OK) != 0 { mkdir(target, 0o700) }
        let keys = keys(for: damage)
        let archive = BackupArchive(storage: setting.storage, scratch: setting.scratch, keys: keys)
        let told = Comment(rawValue: "\(form.objectName), \(damage)")
        let verified = await #expect(throws: ArchiveError.self, told) { try await archive.verify(id) }
        let fetched = await #expect(throws: ArchiveError.self, told) { try await archive.fetch(id, to: "\(target)/db") }
        for error in [verified, fetched].compactMap(\.self) {
            #expect(damage.codes.contains(error.code), "\(told): \(error)")
            #expect(error.isRetryable == false && error.description.contains("default/orders"), "\(told): \(error)")
        }
        #expect(directoryEntries(target).isEmpty, told)
        // A manifest that names another object is not about the file beside it.
        if damage.showsInFiles, String(decoding: document, as: UTF8.self).contains("\"\(form.objectName)\"") {
            await #expect(throws: (any Error).self, told) {
                try await SnapshotFile.open("\(home)/\(form.objectName)", keys: keys, scratch: setting.scratch).prove()
            }
        }
        #expect(directoryEntries(setting.scratch).isEmpty, told)
        try writeFile(object, to: "\(setting.home)/\(form.objectName)")
        try writeFile(manifest.bytes, to: "\(setting.home)/\(BackupID.manifestName)")
        #expect(try await setting.archive.verify(setting.id) == manifest)
    }

    private func place(of damage: Damage) -> (BackupID, String) {
        guard damage == .foreignIncarnation else { return (setting.id, setting.home) }
        let other = ClusterIncarnation(namespace: "default", name: "orders", incarnation: "0another")
        return (BackupID(cluster: other, name: "b1"), "\(setting.root)/default/orders/0another/b1")
    }

    private func makeDirectories(_ path: String) throws {
        let parent = path.split(separator: "/").dropLast().reduce(into: "") { $0 += "/\($1)" }
        if access(parent, F_OK) != 0 { mkdir(parent, 0o700) }
        if access(path, F_OK) != 0 { mkdir(path, 0o700) }
    }

    private func keys(for damage: Damage) -> BackupKeyring? {
        guard let key = form.key else { return nil }
        return switch damage {
        case .wrongKey:
            SealingKey(id: key.id, bytes: StoredFormTests.bytes(9)).map { BackupKeyring($0, source: "test") }
        case .missingKey: StoredFormTests.key("k2").map { BackupKeyring($0, source: "test") }
        default: BackupKeyring(key, source: "test")
        }
    }

    private func made(_ damage: Damage, _ random: inout SeededRandom) throws -> (object: [UInt8], manifest: [UInt8]) {
        var bytes = object
        var document = manifest
        switch damage {
        case .flippedByte:
            bytes[Int.random(in: bytes.indices, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
        case .cut: bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
        case .missingTrailer: bytes.removeLast(32)
        case .swappedObject: bytes = otherObject
        case .swappedManifest: document = otherManifest
        case .renamedManifest:
            document = otherManifest
            document.name = manifest.name
        case .alteredFigure: return (bytes, try altered(&random))
        case .foreignIncarnation, .wrongKey, .missingKey: break
        }
        return (bytes, document.bytes)
    }

    /// The manifest with one of its figures changed.
    private func altered(_ random: inout SeededRandom) throws -> [UInt8] {
        var document = manifest.encoded
        let parts = [
            "content": [
                "revision", "compactRevision", "liveKeys", "records", "tombstones", "leases", "authEnabled", "hashKV",
            ],
            "file": ["size", "sha256", "trailer"], "stored": ["size", "sha256", "name", "compression", "encryption"],
        ]
        let name = try #require(parts.keys.sorted().randomElement(using: &random))
        let field = try #require(parts[name]?.randomElement(using: &random))
        var part = try #require(document[name])
        part[field] = try changed(field, part[field], &random)
        document[name] = part
        return document.jsonBytes
    }

    private func changed(_ field: String, _ value: Value?, _ random: inout SeededRandom) throws -> Value {
        switch (field, value) {
        case ("compression", _): return .string(form.compression == .zstd ? "none" : "zstd")
        case ("encryption", _):
            if form.key != nil { return .null }
            return .object(["algorithm": .string(BackupManifest.Encryption.sealedStream), "keyID": "k1"])
        case (_, .integer(let number)?): return .integer(number + Int64.random(in: 1...1000, using: &random))
        case (_, .bool(let flag)?): return .bool(!flag)
        case (_, .string(let text)?):
            var letters = Array(text.utf8)
            let index = Int.random(in: letters.indices, using: &random)
            letters[index] = letters[index] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
            return .string(String(decoding: letters, as: UTF8.self))
        // A figure of zero or false may be left out of the document.
        default: return field == "authEnabled" ? .bool(true) : .integer(1)
        }
    }
}
