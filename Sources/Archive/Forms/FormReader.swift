import Crypto
import Model

/// Turns stored bytes back into the plain file: hashed, opened, decompressed.
///
/// Used by one task at a time.
final class FormReader {
    /// What is known of the stored bytes beforehand; nil is found out from the bytes, or not compared.
    struct Expectation {
        var isSealed: Bool
        var compression: BackupCompression?
        var keyID: String?
        /// The key of the object that was asked for.
        var identity: String?
        var size: Int64?
        var sha256: String?

        /// What a manifest says of the object in a place.
        init(_ stored: BackupManifest.Stored, at identity: String) {
            isSealed = stored.encryption != nil
            compression = stored.compression
            keyID = stored.encryption?.keyID
            self.identity = identity
            size = stored.size
            sha256 = stored.sha256
        }

        /// What is known of a file that begins with some bytes, and of which a manifest may tell something.
        init(head: [UInt8], _ stored: BackupManifest.Stored?) {
            isSealed = head.starts(with: SealedHeader.magic)
            size = stored?.size
            sha256 = stored?.sha256
        }
    }

    /// The name of the key, once the stream has told it.
    private(set) var keyID: String?
    /// Whether the content turned out to be compressed.
    var isCompressed: Bool { decompressor != nil }

    private let expected: Expectation
    private let keys: BackupKeyring?
    private let subject: String
    private let output: (UnsafeRawBufferPointer) throws -> Void
    private var opener: StreamOpener?
    private var decompressor: ZstdDecompressor?
    private var isBegun = false
    private var digest = SHA256()
    private var byteCount = 0
    /// Why no more comes out; the bytes are hashed to their end nevertheless, as only that tells damage from a wrong key.
    private var failure: ArchiveError?

    /// Begins to read bytes of which something is known.
    ///
    /// - Throws: `ArchiveError` with the code `keyMissing` before a byte is read, so that nobody waits for gigabytes to
    ///   hear of it.
    init(
        _ expected: Expectation, keys: BackupKeyring?, subject: String,
        output: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) throws(ArchiveError) {
        self.expected = expected
        self.keys = keys
        self.subject = subject
        self.output = output
        if let keyID = expected.keyID { _ = try BackupKeyring.key(keyID, in: keys, of: subject) }
        if expected.isSealed {
            opener = StreamOpener(
                findKey: { [unowned self] in try key(for: $0) }, output: { [unowned self] in try unpack($0) })
        }
    }

    /// Goes on with the stored bytes.
    ///
    /// - Throws: what `output` throws; damage is told at the end.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        digest.update(bytes)
        byteCount += bytes.count
        guard failure == nil else { return }
        try noting { try opener.map { try $0.write(bytes) } ?? unpack(bytes) }
    }

    /// Proves that all stored bytes were there, unchanged, and all that was in them came out.
    ///
    /// - Throws: `ArchiveError` with the code `contradiction`, `wrongKey` or `keyMissing`.
    func finish() throws {
        if failure == nil {
            try noting {
                try opener?.finish()
                try decompressor?.finish()
            }
        }
        if let size = expected.size, byteCount != size {
            throw contradiction("the stored object has \(byteCount) bytes, the manifest says \(size)")
        }
        if let sha256 = expected.sha256 {
            let found = Hex.encode(digest.finalize())
            guard found == sha256 else {
                throw contradiction("the stored object has the SHA-256 \(found), the manifest says \(sha256)")
            }
        }
        if let failure { throw failure }
    }

    private func key(for header: SealedHeader) throws(ArchiveError) -> SealingKey {
        keyID = header.keyID
        if let keyID = expected.keyID, header.keyID != keyID {
            throw contradiction("the manifest names the key \"\(keyID)\", the object the key \"\(header.keyID)\"")
        }
        if let identity = expected.identity, header.identity != identity {
            throw contradiction("the object in its place was sealed as \(header.identity)")
        }
        return try BackupKeyring.key(header.keyID, in: keys, of: subject)
    }

    /// Goes on with bytes that are no longer sealed.
    private func unpack(_ bytes: UnsafeRawBufferPointer) throws {
        if !isBegun, !bytes.isEmpty {
            isBegun = true
            let compression = expected.compression ?? (bytes.starts(with: ZstdDecompressor.magic) ? .zstd : .none)
            if compression == .zstd { decompressor = ZstdDecompressor(output: output) }
        }
        if let decompressor {
            try decompressor.write(bytes)
        } else {
            try output(bytes)
        }
    }

    private func contradiction(_ detail: String) -> ArchiveError { ArchiveError(.contradiction, subject, detail) }

    private func noting(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as SealingError {
            if case .wrongKey = error {
                failure = ArchiveError(.wrongKey, subject, error.description)
            } else {
                failure = contradiction(error.description)
            }
        } catch let error as ZstdDecompressor.Failure {
            failure = contradiction(error.description)
        } catch let error as ArchiveError where [.contradiction, .keyMissing].contains(error.code) {
            failure = error
        }
    }
}
