import Crypto
import Etcd
import Model

/// The proof that the stored bytes of a backup are those its manifest describes.
struct BackupProof {
    let id: BackupID
    let manifest: BackupManifest
    let storage: any BackupStorage
    let scratch: String

    func run() async throws {
        let key = try id.key(of: manifest.file.name)
        if let path = try await storage.localPath(of: key) {
            try prove(path)
        } else {
            let copy = try StagingFile(in: scratch, owner: "verify")
            defer { copy.discard() }
            try copy.reserve(Int(manifest.file.size))
            for try await piece in try await storage.read(key) { try copy.append(piece) }
            try prove(copy.path)
        }
    }

    private func prove(_ path: String) throws {
        do {
            let file = try DatabaseFile(path: path, isLockIgnored: true)
            try require("size", String(manifest.file.size), String(file.byteCount))
            try require("SHA-256", manifest.file.sha256, Hex.encode(try file.verifyTrailer()))
            let summary = try file.summary(tombstones: TombstoneRule(etcdVersion: manifest.etcdVersion))
            try compare(BackupManifest.Content(summary))
        } catch let error as DatabaseError {
            if error.code == .cancelled { throw CancellationError() }
            let failure = ArchiveError(error, id.description)
            // A sound file was stored, so one that is damaged now is no longer the one the manifest is about.
            throw failure.code == .damaged
                ? ArchiveError(.contradiction, failure.subject, failure.detail) : failure
        }
    }

    private func compare(_ found: BackupManifest.Content) throws(ArchiveError) {
        var found = found
        found.hashConfirmed = manifest.content.hashConfirmed
        let (wanted, actual) = (manifest.content.encoded, found.encoded)
        for field in BackupManifest.Content.fields {
            let (left, right) = (wanted[field.name] ?? .null, actual[field.name] ?? .null)
            try require(field.name, left.json, right.json)
        }
    }

    private func require(_ what: String, _ wanted: String, _ found: String) throws(ArchiveError) {
        guard wanted == found else {
            throw ArchiveError(
                .contradiction, id.description, "the manifest says \(what) \(wanted), the file has \(found)")
        }
    }
}
