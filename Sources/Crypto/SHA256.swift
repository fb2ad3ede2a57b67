/// A SHA-256 digest in the making: bytes go in with `update`, the digest comes out of `finalize`.
///
/// A value: a copy goes on from the same state without disturbing the original (the state is copied when one of
/// the two is written to). The work is done by OpenSSL, which uses the processor's SHA instructions where it has
/// them, so bulk data should be given in large pieces.
public struct SHA256: Sendable {
    /// The length of every digest in bytes.
    public static let byteCount = 32

    private var context: OpenSSLDigest

    /// Starts a digest of no bytes.
    public init() {
        context = OpenSSLDigest()
    }

    /// Extends the digest by the bytes of a buffer, which is read before the call returns.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        if !isKnownUniquelyReferenced(&context) {
            context = OpenSSLDigest(copying: context)
        }
        context.update(bytes)
    }

    /// Extends the digest by the bytes of an array.
    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The digest of everything seen so far, 32 bytes; more may follow afterwards.
    public func finalize() -> [UInt8] {
        OpenSSLDigest(copying: context).finish(byteCount: Self.byteCount)
    }

    /// The digest of an array of bytes.
    public static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var digest = SHA256()
        digest.update(bytes)
        return digest.finalize()
    }

    /// The digest of a text's UTF-8 bytes.
    public static func hash(_ text: String) -> [UInt8] {
        hash(Array(text.utf8))
    }
}
