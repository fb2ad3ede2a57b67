internal import Crypto

/// The form of a confidential record in the file: mark, name of the key, nonce, AES-256-GCM of the document, proof.
///
/// The proof covers which record it is and at which revision: bytes put into another row, or into another revision of
/// their own, are refused. A document in clear begins with `{`, never with the mark.
struct SealedDocument {
    static let mark: [UInt8] = [0x00, 0x4C, 0x44, 0x31]
    /// The mark and the name of the key, by which rows of one key are found.
    static let prefixCount = mark.count + RecordKey.nameByteCount
    private static let headerCount = prefixCount + AESGCM.nonceByteCount

    private let bytes: [UInt8]

    /// Takes the bytes of a row; nil for a document in clear.
    init?(_ bytes: [UInt8]) {
        guard bytes.starts(with: Self.mark) else { return nil }
        self.bytes = bytes
    }

    /// What the rows of a key begin with.
    static func prefix(of key: RecordKey) -> [UInt8] { mark + (Hex.decode(key.id) ?? []) }

    /// The name of the key; nil where the bytes are too few to be sealed.
    var keyID: String? {
        guard bytes.count >= Self.headerCount + AESGCM.tagByteCount else { return nil }
        return Hex.encode(bytes[Self.mark.count..<Self.prefixCount])
    }

    /// Seals a document under a nonce of its own.
    ///
    /// Nonces are random: a key may seal 2^32 documents before two equal ones become likely enough to matter (NIST SP
    /// 800-38D, 8.3).
    static func seal(_ plain: [UInt8], of id: RecordID, at revision: Int64, with key: RecordKey) -> [UInt8] {
        let nonce = RandomBytes.make(count: AESGCM.nonceByteCount)
        let header = prefix(of: key) + nonce
        var sealed = [UInt8](repeating: 0, count: header.count + plain.count + AESGCM.tagByteCount)
        sealed.replaceSubrange(..<header.count, with: header)
        sealed.withUnsafeMutableBytes { sealed in
            plain.withUnsafeBytes { plain in
                AESGCM(key: key.bytes).seal(
                    plain, into: UnsafeMutableRawBufferPointer(rebasing: sealed[header.count...]), nonce: nonce,
                    authenticating: context(id, revision, key))
            }
        }
        return sealed
    }

    /// The document; nil if the bytes were not sealed for this record at this revision with this key.
    func open(as id: RecordID, at revision: Int64, with key: RecordKey) -> [UInt8]? {
        guard keyID == key.id else { return nil }
        let nonce = Array(bytes[Self.prefixCount..<Self.headerCount])
        var plain = [UInt8](repeating: 0, count: bytes.count - Self.headerCount - AESGCM.tagByteCount)
        let isGenuine = bytes.withUnsafeBytes { sealed in
            plain.withUnsafeMutableBytes { plain in
                AESGCM(key: key.bytes).open(
                    UnsafeRawBufferPointer(rebasing: sealed[Self.headerCount...]), into: plain, nonce: nonce,
                    authenticating: Self.context(id, revision, key))
            }
        }
        return isGenuine ? plain : nil
    }

    private static func context(_ id: RecordID, _ revision: Int64, _ key: RecordKey) -> [UInt8] {
        // Names hold no zero bytes, so no two records have the same context.
        Array("lodestone record\0\(key.id)\0\(id.kind.tableName)\0\(id.namespace)\0\(id.name)\0\(revision)".utf8)
    }
}
