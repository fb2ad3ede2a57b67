/// The keyed digest HMAC-SHA256 (RFC 2104).
public enum HMACSHA256 {
    /// The size of SHA-256's block in bytes.
    private static let blockByteCount = 64

    /// The authentication code of a message under a key, 32 bytes.
    public static func code(of message: [UInt8], key: [UInt8]) -> [UInt8] {
        var block = key.count > blockByteCount ? SHA256.hash(key) : key
        block += [UInt8](repeating: 0, count: blockByteCount - block.count)
        let inner = SHA256.hash(block.map { $0 ^ 0x36 } + message)
        return SHA256.hash(block.map { $0 ^ 0x5c } + inner)
    }

    /// The authentication code of a text's UTF-8 bytes under a key, 32 bytes.
    public static func code(of message: String, key: [UInt8]) -> [UInt8] {
        code(of: Array(message.utf8), key: key)
    }
}
