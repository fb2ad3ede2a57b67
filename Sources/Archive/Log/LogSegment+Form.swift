import Crypto

extension LogSegment {
    /// The plain bytes of a stored segment, whose name tells its form.
    ///
    /// - Throws: `ArchiveError` with the code `contradiction`, `keyMissing` or `wrongKey`.
    static func plain(
        _ stored: [UInt8], of key: ObjectKey, keys: BackupKeyring?, limit: Int
    ) throws -> [UInt8] {
        let name = key.components.last ?? ""
        let subject = "segment \(name) of the change log"
        do {
            let opened = name.hasSuffix(".sealed") ? try open(stored, key, keys, subject, limit) : stored
            let isCompressed = name.hasSuffix(".zst") || name.hasSuffix(".zst.sealed")
            return isCompressed ? try decompress(opened, subject, limit) : opened
        } catch let error as SealingError {
            var code = ArchiveError.Code.contradiction
            if case .wrongKey = error { code = .wrongKey }
            throw ArchiveError(code, subject, error.description)
        } catch let error as ZstdDecompressor.Failure {
            throw ArchiveError(.contradiction, subject, error.description)
        }
    }

    private static func open(
        _ stored: [UInt8], _ key: ObjectKey, _ keys: BackupKeyring?, _ subject: String, _ limit: Int
    ) throws -> [UInt8] {
        var plain: [UInt8] = []
        let opener = StreamOpener { header in
            guard header.identity == key.description else {
                throw ArchiveError(.contradiction, subject, "it was sealed as \(header.identity)")
            }
            return try BackupKeyring.key(header.keyID, in: keys, of: subject)
        } output: { bytes in
            try require(plain.count + bytes.count, limit, subject)
            plain.append(contentsOf: bytes)
        }
        try stored.withUnsafeBytes { try opener.write($0) }
        try opener.finish()
        return plain
    }

    private static func decompress(_ stored: [UInt8], _ subject: String, _ limit: Int) throws -> [UInt8] {
        var plain: [UInt8] = []
        let decompressor = ZstdDecompressor { bytes in
            try require(plain.count + bytes.count, limit, subject)
            plain.append(contentsOf: bytes)
        }
        try stored.withUnsafeBytes { try decompressor.write($0) }
        try decompressor.finish()
        return plain
    }

    /// A small object must not fill the memory by what it claims to hold.
    private static func require(_ count: Int, _ limit: Int, _ subject: String) throws {
        guard count <= limit else {
            throw ArchiveError(.contradiction, subject, "it holds more than \(limit) bytes")
        }
    }
}
