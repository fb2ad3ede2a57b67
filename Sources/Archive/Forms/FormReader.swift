import Crypto
import Model

/// Turns stored bytes back into the plain file: hashed, opened, decompressed.
///
/// Used by one task at a time.
final class FormReader {
    private let stored: BackupManifest.Stored
    private let subject: String
    private let opener: StreamOpener?
    private let decompressor: ZstdDecompressor?
    private let output: (UnsafeRawBufferPointer) throws -> Void
    private var digest = SHA256()
    private var byteCount = 0
    /// Why no more comes out; the bytes are hashed to their end nevertheless, as only that tells damage from a wrong key.
    private var failure: ArchiveError?

    /// Begins; `identity` is the key of the object that was asked for, nil to take whatever the bytes claim to be.
    init(
        _ stored: BackupManifest.Stored, identity: String?, keys: BackupKeyring?, subject: String,
        output: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) throws(ArchiveError) {
        self.stored = stored
        self.subject = subject
        self.output = output
        let decompressor = stored.compression == .zstd ? ZstdDecompressor(output: output) : nil
        self.decompressor = decompressor
        guard let encryption = stored.encryption else {
            opener = nil
            return
        }
        // Asked for before a byte is read, so that nobody waits for gigabytes to hear that a key is missing.
        let key = try BackupKeyring.key(encryption.keyID, in: keys, of: subject)
        opener = StreamOpener { header in
            guard header.keyID == encryption.keyID else {
                throw ArchiveError(
                    .contradiction, subject,
                    "the manifest names the key \"\(encryption.keyID)\", the object the key \"\(header.keyID)\"")
            }
            guard identity == nil || header.identity == identity else {
                throw ArchiveError(
                    .contradiction, subject, "the object in its place was sealed as \(header.identity)")
            }
            return key
        } output: { bytes in
            try decompressor.map { try $0.write(bytes) } ?? output(bytes)
        }
    }

    /// Goes on with the stored bytes.
    ///
    /// - Throws: what `output` throws; damage is told at the end.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        digest.update(bytes)
        byteCount += bytes.count
        guard failure == nil else { return }
        try noting {
            if let opener {
                try opener.write(bytes)
            } else if let decompressor {
                try decompressor.write(bytes)
            } else {
                try output(bytes)
            }
        }
    }

    /// Proves that all stored bytes were there, unchanged, and all that was in them came out.
    ///
    /// - Throws: `ArchiveError` with the code `contradiction` or `wrongKey`.
    func finish() throws {
        if failure == nil {
            try noting {
                try opener?.finish()
                try decompressor?.finish()
            }
        }
        guard byteCount == stored.size else {
            throw ArchiveError(
                .contradiction, subject,
                "the object \(stored.name) has \(byteCount) bytes, the manifest says \(stored.size)")
        }
        let found = Hex.encode(digest.finalize())
        guard found == stored.sha256 else {
            throw ArchiveError(
                .contradiction, subject,
                "the object \(stored.name) has the SHA-256 \(found), the manifest says \(stored.sha256)")
        }
        if let failure { throw failure }
    }

    private func noting(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as SealingError {
            var code = ArchiveError.Code.contradiction
            if case .wrongKey = error { code = .wrongKey }
            failure = ArchiveError(code, subject, error.description)
        } catch let error as ZstdDecompressor.Failure {
            failure = ArchiveError(.contradiction, subject, error.description)
        } catch let error as ArchiveError where error.code == .contradiction {
            failure = error
        }
    }
}
