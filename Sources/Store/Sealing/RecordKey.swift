internal import Crypto
public import Model

/// A key that confidential records are sealed with.
///
/// Its description, which logs and messages would show, is its name alone.
public struct RecordKey: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The length of a name in bytes, as sealed rows carry it.
    static let nameByteCount = 8

    /// The name: 16 hexadecimal digits derived from the key, so that no two keys share one.
    public let id: String
    /// When it was made.
    public let created: Timestamp
    let bytes: [UInt8]

    /// Takes a key of 32 bytes; nil for any other length.
    init?(bytes: [UInt8], created: Timestamp) {
        guard bytes.count == AESGCM.keyByteCount else { return nil }
        self.bytes = bytes
        self.created = created
        let name = HKDF.derive(
            secret: bytes, salt: [], purpose: Array("lodestone record key name".utf8), count: Self.nameByteCount)
        id = Hex.encode(name)
    }

    /// A key nobody knows.
    static func fresh(at now: Timestamp) -> RecordKey? {
        RecordKey(bytes: RandomBytes.make(count: AESGCM.keyByteCount), created: now.wholeSeconds)
    }

    /// The name.
    public var description: String { "key \(id)" }
    /// The name.
    public var debugDescription: String { description }
}
