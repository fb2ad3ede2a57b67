/// What a sealed stream begins with, in the clear: which key it needs, and what it claims to be.
///
/// Every segment is bound to these bytes, so that none of them can be changed, and no segment moved into another stream.
/// The layout is written down in docs/backup-format.md.
public struct SealedHeader: Sendable, Equatable {
    /// The name of the key, which is no secret.
    public let keyID: String
    /// What the stream is, such as the key under which an object was stored.
    public let identity: String
    /// How many bytes of the message each segment but the last holds.
    let segmentSize: Int
    let salt: [UInt8]
    /// Tells the right key from another one without opening anything.
    let commitment: [UInt8]

    /// The header as it was written.
    var bytes: [UInt8] {
        var bytes = Self.magic + Self.bigEndian(UInt32(segmentSize)) + salt + commitment
        for text in [keyID, identity] { bytes += Self.bigEndian(UInt16(text.utf8.count)) + Array(text.utf8) }
        return bytes
    }

    /// The first 8 bytes of every sealed stream.
    public static let magic = Array("LODESEA1".utf8)
    static let saltByteCount = 32
    /// The bytes before the two texts.
    static let fixedByteCount = 8 + 4 + saltByteCount + SHA256.byteCount
    /// A text longer than this is none of ours.
    static let longestText = 1024
    /// A segment larger than this is not held in memory on the word of a header.
    static let largestSegment = 16 << 20

    init(key: SealingKey, identity: String, segmentSize: Int) {
        precondition(identity.utf8.count <= Self.longestText && (1...Self.largestSegment).contains(segmentSize))
        keyID = key.id
        self.identity = identity
        self.segmentSize = segmentSize
        salt = RandomBytes.make(count: Self.saltByteCount)
        commitment = Self.derive(key, salt).commitment
    }

    /// Reads a header from the beginning of a stream; nil if more bytes are needed.
    ///
    /// - Throws: `SealingError` if this is no sealed stream.
    init?(_ bytes: [UInt8]) throws(SealingError) {
        guard Self.magic.starts(with: bytes.prefix(Self.magic.count)) else { throw .notSealed }
        guard bytes.count >= Self.fixedByteCount else { return nil }
        segmentSize = Self.number(bytes[8..<12])
        salt = Array(bytes[12..<44])
        commitment = Array(bytes[44..<76])
        guard (1...Self.largestSegment).contains(segmentSize) else {
            throw .damagedHeader("it announces segments of \(segmentSize) bytes")
        }
        var texts: [String] = []
        var offset = Self.fixedByteCount
        for _ in 0..<2 {
            guard offset + 2 <= bytes.count else { return nil }
            let count = Self.number(bytes[offset..<offset + 2])
            guard count <= Self.longestText else { throw .damagedHeader("it announces a text of \(count) bytes") }
            guard offset + 2 + count <= bytes.count else { return nil }
            guard let text = String(validating: bytes[(offset + 2)..<(offset + 2 + count)], as: UTF8.self) else {
                throw .damagedHeader("one of its texts is not UTF-8")
            }
            texts.append(text)
            offset += 2 + count
        }
        keyID = texts[0]
        identity = texts[1]
    }

    /// The cipher of this stream under a key.
    ///
    /// - Throws: `SealingError.wrongKey` if the stream was sealed under another one.
    func cipher(under key: SealingKey) throws(SealingError) -> AESGCM {
        let derived = Self.derive(key, salt)
        guard ConstantTime.areEqual(derived.commitment, commitment) else { throw .wrongKey(id: keyID) }
        return AESGCM(key: derived.key)
    }

    private static func derive(_ key: SealingKey, _ salt: [UInt8]) -> (key: [UInt8], commitment: [UInt8]) {
        let derived = HKDF.derive(
            secret: key.bytes, salt: salt, purpose: Array("lodestone sealed stream 1".utf8),
            count: AESGCM.keyByteCount + SHA256.byteCount)
        return (Array(derived.prefix(AESGCM.keyByteCount)), Array(derived.dropFirst(AESGCM.keyByteCount)))
    }

    /// The nonce of a segment: three zero bytes, its number, and whether it is the last one.
    static func nonce(_ number: UInt64, isLast: Bool) -> [UInt8] {
        [0, 0, 0] + bigEndian(number) + [isLast ? 1 : 0]
    }

    private static func bigEndian(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.reduce(0) { $0 << 8 | Int($1) }
    }
}
