import Crypto
import Model

/// Brings a plain stream into a stored form: compressed, sealed, hashed on its way into a file.
///
/// Used by one task at a time.
final class FormWriter {
    /// Nearly as small as level 1 for what Kubernetes stores, and twice as fast for what cannot be made smaller.
    private static let level: Int32 = -2

    private let output: Output
    private let sealer: StreamSealer?
    private let compressor: ZstdCompressor?

    /// The bytes as they are stored.
    private final class Output {
        let file: StagingFile
        var digest = SHA256()

        init(_ file: StagingFile) {
            self.file = file
        }

        func write(_ bytes: UnsafeRawBufferPointer) throws {
            try file.append(bytes)
            digest.update(bytes)
        }
    }

    /// Begins; a sealed object carries its identity, the key of the object, in the clear.
    init(_ form: StoredForm, identity: String, into file: StagingFile) {
        let output = Output(file)
        self.output = output
        let sealer = form.key.map { StreamSealer(key: $0, identity: identity, output: output.write) }
        self.sealer = sealer
        switch form.compression {
        case .none: compressor = nil
        case .zstd:
            compressor = ZstdCompressor(level: Self.level) { bytes in
                try sealer.map { try $0.write(bytes) } ?? output.write(bytes)
            }
        }
    }

    /// Goes on with the plain bytes.
    ///
    /// - Throws: `ArchiveError` if the file cannot be written.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        if let compressor {
            try compressor.write(bytes)
        } else if let sealer {
            try sealer.write(bytes)
        } else {
            try output.write(bytes)
        }
    }

    /// Ends the stream and returns the SHA-256 of what is in the file now.
    ///
    /// - Throws: `ArchiveError` if the file cannot be written.
    func finish() throws -> [UInt8] {
        try compressor?.finish()
        try sealer?.finish()
        return output.digest.finalize()
    }
}
