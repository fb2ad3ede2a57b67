/// AES-256 in Galois/counter mode (NIST SP 800-38D) under one key: hides messages and proves that they are unchanged.
///
/// A nonce must never be used twice under one key: whoever does gives away both messages and the means to forge more.
public final class AESGCM {
    /// The length of a key in bytes.
    public static let keyByteCount = 32
    /// The length of a nonce in bytes.
    public static let nonceByteCount = 12
    /// The length of the proof that is put behind each message, in bytes.
    public static let tagByteCount = 16

    private let cipher: OpenSSLGCM

    /// Takes a key of 32 bytes.
    public init(key: [UInt8]) {
        precondition(key.count == Self.keyByteCount, "an AES-256 key has 32 bytes")
        cipher = OpenSSLGCM(key: key)
    }

    /// Encrypts a message, and proves it together with bytes that stay in the clear.
    ///
    /// `sealed` has to have room for the message and the tag, which is put behind it.
    public func seal(
        _ plain: UnsafeRawBufferPointer, into sealed: UnsafeMutableRawBufferPointer, nonce: [UInt8],
        authenticating clear: [UInt8]
    ) {
        precondition(nonce.count == Self.nonceByteCount && sealed.count == plain.count + Self.tagByteCount)
        cipher.seal(plain, into: sealed, nonce: nonce, authenticating: clear)
    }

    /// Decrypts a message with its tag; false if anything is not as it was sealed, and then the output holds nothing
    /// that may be looked at.
    public func open(
        _ sealed: UnsafeRawBufferPointer, into plain: UnsafeMutableRawBufferPointer, nonce: [UInt8],
        authenticating clear: [UInt8]
    ) -> Bool {
        precondition(nonce.count == Self.nonceByteCount && sealed.count == plain.count + Self.tagByteCount)
        return cipher.open(sealed, into: plain, nonce: nonce, authenticating: clear)
    }
}
