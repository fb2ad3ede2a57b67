import COpenSSL

/// The one file that calls libcrypto: small owners of its objects, which no other file sees as pointers.
///
/// libcrypto's digest calls fail only when memory runs out or the library is broken, and neither leaves anything
/// sensible to do; such failures stop the process with a sentence.

/// A SHA-256 state held by libcrypto.
///
/// Unchecked `Sendable`: the only mutating calls, `update` and `finish`, are made by `SHA256` on a reference it
/// knows to be unique or has just made, so no two threads ever write one context; `init(copying:)` only reads.
final class OpenSSLDigest: @unchecked Sendable {
    private let context: OpaquePointer

    init() {
        guard let made = EVP_MD_CTX_new(), EVP_DigestInit_ex(made, EVP_sha256(), nil) == 1 else {
            preconditionFailure("libcrypto offers no SHA-256")
        }
        context = made
    }

    init(copying other: OpenSSLDigest) {
        guard let made = EVP_MD_CTX_new(), EVP_MD_CTX_copy_ex(made, other.context) == 1 else {
            preconditionFailure("libcrypto could not copy a SHA-256 state")
        }
        context = made
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    func update(_ bytes: UnsafeRawBufferPointer) {
        guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else {
            preconditionFailure("libcrypto could not extend a SHA-256 digest")
        }
    }

    /// Ends the digest; nothing may be called afterwards.
    func finish(byteCount: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            guard EVP_DigestFinal_ex(context, buffer.baseAddress, nil) == 1 else {
                preconditionFailure("libcrypto could not finish a SHA-256 digest")
            }
            count = byteCount
        }
    }
}
