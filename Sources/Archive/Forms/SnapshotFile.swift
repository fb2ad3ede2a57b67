import Crypto
public import Etcd
import Glibc
import Model
import Threads

/// A database in a file of this machine, in whatever form: as a member or `etcdctl snapshot save` wrote it, or as an
/// object out of a backup storage, compressed, sealed or both.
///
/// The form is told by the bytes. What is not plain is brought into a scratch file, which ends with this object.
public struct SnapshotFile: Sendable {
    /// The database, open for reading.
    public let database: DatabaseFile
    /// The manifest that lies beside the file and is about it, if there is one.
    public let manifest: BackupManifest?
    /// The name of the key it was sealed with.
    public let keyID: String?
    /// Whether it was compressed.
    public let isCompressed: Bool

    private let scratch: ScratchFile?

    /// Opens a file.
    ///
    /// - Parameters:
    ///   - path: the path of the file.
    ///   - keys: the keys to open it with, if it is sealed.
    ///   - scratch: a directory with room for the plain database, if the file is not plain.
    /// - Returns: the database, its figures unread and its bytes unproven.
    /// - Throws: `ArchiveError` with the code `keyMissing`, `wrongKey` or `contradiction`; `DatabaseError`.
    public static func open(_ path: String, keys: BackupKeyring?, scratch: String) async throws -> SnapshotFile {
        try await BlockingTask.run { try await SnapshotFile(path, keys, scratch) }
    }

    /// Proves the file: the SHA-256 it ends in, its structure, and all figures of the manifest beside it.
    ///
    /// A member's own database, which ends in no SHA-256, cannot be proven.
    ///
    /// - Throws: `DatabaseError` or `ArchiveError` for the first thing that is wrong.
    public func prove() async throws -> DatabaseSummary {
        let (database, manifest) = (database, manifest)
        let form = (key: keyID ?? "none", compression: isCompressed ? BackupCompression.zstd : .none)
        return try await BlockingTask.run {
            let digest = Hex.encode(try database.verifyTrailer())
            let rule = manifest.map { TombstoneRule(etcdVersion: $0.etcdVersion) } ?? .hashed
            let summary = try database.summary(tombstones: rule)
            if let manifest {
                let comparison = ManifestComparison(manifest, subject: database.path)
                try comparison.require("key", manifest.stored.encryption?.keyID ?? "none", form.key)
                try comparison.require("compression", manifest.stored.compression.rawValue, form.compression.rawValue)
                try comparison.compareFile(size: database.byteCount, sha256: digest, trailer: database.trailer)
                try comparison.compare(BackupManifest.Content(summary))
            }
            return summary
        }
    }

    private init(_ path: String, _ keys: BackupKeyring?, _ scratch: String) async throws {
        let manifest = try Self.manifest(beside: path)
        self.manifest = manifest
        let head = Self.head(of: path)
        guard head.starts(with: SealedHeader.magic) || head.starts(with: ZstdDecompressor.magic) else {
            database = try DatabaseFile(path: path)
            (keyID, isCompressed, self.scratch) = (nil, false, nil)
            return
        }
        let copy = try ScratchFile(in: scratch)
        let limit = manifest.map { Int($0.file.size) } ?? .max
        let form = try FormReader(
            FormReader.Expectation(head: head, manifest?.stored), keys: keys, subject: path
        ) { bytes in
            guard copy.byteCount + bytes.count <= limit else {
                throw ArchiveError(.contradiction, path, "there are more than the \(limit) bytes its manifest says")
            }
            try copy.append(bytes)
        }
        for try await piece in try FileReader.stream(of: path, subject: path) {
            try piece.withUnsafeBytes { try form.write($0) }
            try Task.checkCancellation()
        }
        try form.finish()
        database = try DatabaseFile(path: copy.path, isLockIgnored: true, name: path)
        (keyID, isCompressed, self.scratch) = (form.keyID, form.isCompressed, copy)
    }

    /// The manifest in the same directory, if it is about the file.
    private static func manifest(beside path: String) throws -> BackupManifest? {
        guard let slash = path.lastIndex(of: "/") else { return nil }
        let place = "\(path[..<slash])/\(BackupID.manifestName)"
        guard access(place, F_OK) == 0 else { return nil }
        let manifest = try BackupManifest(bytes: try FileReader.bytes(of: place, upTo: 1 << 20), subject: place)
        return manifest.stored.name == path[path.index(after: slash)...] ? manifest : nil
    }

    /// The first bytes; none if they cannot be read, which opening the database then says better.
    private static func head(of path: String) -> [UInt8] {
        do throws(ArchiveError) {
            return Array(try FileReader(path: path, subject: path).next()?.prefix(16) ?? [])
        } catch {
            return []
        }
    }
}
