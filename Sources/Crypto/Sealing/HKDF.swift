/// Keys made of a key: HKDF with SHA-256 (RFC 5869).
public enum HKDF {
    /// Derives bytes from a secret; different salts or purposes give bytes that tell nothing of each other.
    ///
    /// - Parameters:
    ///   - secret: the key to derive from, as long and as random as keys are.
    ///   - salt: bytes that make the result unique; they need not be secret.
    ///   - purpose: what the bytes are for (RFC 5869 calls it `info`).
    ///   - count: how many bytes are wanted, at most 8160.
    /// - Returns: that many bytes.
    public static func derive(secret: [UInt8], salt: [UInt8], purpose: [UInt8], count: Int) -> [UInt8] {
        precondition((1...255 * SHA256.byteCount).contains(count), "HKDF gives at most 255 blocks")
        let extracted = authenticate(secret, key: salt)
        var derived: [UInt8] = []
        var block: [UInt8] = []
        var number: UInt8 = 1
        while derived.count < count {
            block = authenticate(block + purpose + [number], key: extracted)
            derived += block
            number &+= 1
        }
        return Array(derived.prefix(count))
    }

    /// HMAC-SHA256 (RFC 2104).
    private static func authenticate(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        let blockSize = 64
        var key = key.count > blockSize ? SHA256.hash(key) : key
        key += repeatElement(0, count: blockSize - key.count)
        return SHA256.hash(key.map { $0 ^ 0x5C } + SHA256.hash(key.map { $0 ^ 0x36 } + message))
    }
}
