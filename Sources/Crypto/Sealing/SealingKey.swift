/// A secret key of 32 bytes under a name that is no secret.
///
/// Its description, which logs and messages would show, is the name alone.
public struct SealingKey: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The length of a key in bytes.
    public static let byteCount = AESGCM.keyByteCount

    /// The name, by which what was sealed tells which key it needs.
    public let id: String
    let bytes: [UInt8]

    /// Takes a key; nil unless it has 32 bytes and its name 1 to 200 ASCII letters, digits, `-`, `_` and `.`.
    public init?(id: String, bytes: [UInt8]) {
        guard bytes.count == Self.byteCount, Self.isName(id) else { return nil }
        self.id = id
        self.bytes = bytes
    }

    /// Whether a text can be the name of a key.
    public static func isName(_ text: String) -> Bool {
        (1...200).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    /// The name.
    public var description: String { "key \"\(id)\"" }
    /// The name.
    public var debugDescription: String { description }
}
