import Crypto
import Etcd
import Glibc
import Model

/// The proof that the stored bytes of a backup are those its manifest describes.
struct BackupProof {
    let id: BackupID
    let manifest: BackupManifest
    let storage: any BackupStorage
    let scratch: String
    let keys: BackupKeyring?

    private var comparison: ManifestComparison { ManifestComparison(manifest, subject: id.description) }

    /// Proves all stored bytes, and the database file in them.
    func run() async throws {
        let key = try id.key(of: manifest.stored.name)
        if manifest.stored.isPlain, let path = try await storage.localPath(of: key) {
            try comparison.require("size", String(manifest.file.size), String(try size(of: path)))
            try prove(path, isTrailerProven: false)
        } else {
            let copy = try ScratchFile(in: scratch)
            try copy.reserve(Int(manifest.file.size))
            try await unpack { try copy.append($0) }
            try prove(copy.path, isTrailerProven: true)
        }
    }

    /// Brings the database file to a path, proven.
    func fetch(to path: String, progress: @escaping @Sendable (Int, Int) -> Void) async throws {
        guard let slash = path.lastIndex(of: "/") else {
            throw ArchiveError(.invalidName, "\"\(path)\"", "a path to bring a backup to has to be absolute")
        }
        let directory = slash == path.startIndex ? "/" : String(path[..<slash])
        let copy = try StagingFile(in: directory, owner: "fetch")
        defer { copy.discard() }
        let size = Int(manifest.file.size)
        try copy.reserve(size)
        try await unpack { bytes in
            try copy.append(bytes)
            progress(copy.byteCount, size)
        }
        try prove(copy.path, isTrailerProven: true)
        guard link(copy.path, path) != 0 else { return }
        guard errno != EEXIST else { throw ArchiveError(.exists, path, "something of that name is there already") }
        // Some file systems have no hard links.
        guard access(path, F_OK) != 0, rename(copy.path, path) == 0 else {
            throw ArchiveError.system("giving the fetched file its name", path, errno: errno)
        }
    }

    /// Reads the stored bytes and hands out the plain ones, of which nothing may be believed before this returns.
    private func unpack(into output: @escaping (UnsafeRawBufferPointer) throws -> Void) async throws {
        let key = try id.key(of: manifest.stored.name)
        let limit = Int(manifest.file.size)
        var plain = SnapshotDigest()
        let reader = try FormReader(
            FormReader.Expectation(manifest.stored, at: key.description), keys: keys, subject: id.description
        ) { bytes in
            // What was damaged, or made to harm, could otherwise become larger than any disk.
            guard plain.byteCount + bytes.count <= limit else {
                throw ArchiveError(
                    .contradiction, id.description, "there are more than the \(limit) bytes the manifest says")
            }
            plain.update(bytes)
            try output(bytes)
        }
        for try await piece in try await storage.read(key) {
            try piece.withUnsafeBytes { try reader.write($0) }
            try Task.checkCancellation()
        }
        try reader.finish()
        try comparison.compareFile(
            size: plain.byteCount, sha256: Hex.encode(plain.whole), trailer: plain.trailer)
        do throws(ArchiveError) {
            try plain.prove(id.description)
        } catch {
            throw ArchiveError(.contradiction, id.description, "the file is not what any member sent: \(error.detail)")
        }
    }

    private func prove(_ path: String, isTrailerProven: Bool) throws {
        do {
            let file = try DatabaseFile(path: path, isLockIgnored: true)
            if !isTrailerProven {
                let sha256 = Hex.encode(try file.verifyTrailer())
                try comparison.compareFile(size: file.byteCount, sha256: sha256, trailer: file.trailer)
            }
            let summary = try file.summary(tombstones: TombstoneRule(etcdVersion: manifest.etcdVersion))
            try comparison.compare(BackupManifest.Content(summary))
        } catch let error as DatabaseError {
            if error.code == .cancelled { throw CancellationError() }
            let failure = ArchiveError(error, id.description)
            // A sound file was stored, so one that is damaged now is no longer the one the manifest is about.
            throw failure.code == .damaged
                ? ArchiveError(.contradiction, failure.subject, failure.detail) : failure
        }
    }

    private func size(of path: String) throws(ArchiveError) -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .system("looking at a file", path, errno: errno) }
        return Int(status.st_size)
    }
}
