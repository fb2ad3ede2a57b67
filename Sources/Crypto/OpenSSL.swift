import COpenSSL
import Glibc

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

/// MD5, which systems in FIPS mode do not have.
enum OpenSSLMD5 {
    static func digest(of bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        var code: Int32 = 0
        let digest = [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
            code = EVP_Digest(bytes.baseAddress, bytes.count, buffer.baseAddress, nil, EVP_md5(), nil)
            count = code == 1 ? 16 : 0
        }
        return code == 1 ? digest : nil
    }
}

/// AES-256-GCM under one key, held by libcrypto; not shared between threads.
final class OpenSSLGCM {
    private let sealing: OpaquePointer
    private let opening: OpaquePointer

    init(key: [UInt8]) {
        guard let sealing = lodestone_gcm_make(key, 1), let opening = lodestone_gcm_make(key, 0) else {
            preconditionFailure("libcrypto offers no AES-256-GCM")
        }
        (self.sealing, self.opening) = (sealing, opening)
    }

    deinit {
        EVP_CIPHER_CTX_free(sealing)
        EVP_CIPHER_CTX_free(opening)
    }

    func seal(
        _ plain: UnsafeRawBufferPointer, into sealed: UnsafeMutableRawBufferPointer, nonce: [UInt8],
        authenticating clear: [UInt8]
    ) {
        let out = sealed.baseAddress?.assumingMemoryBound(to: UInt8.self)
        guard
            lodestone_gcm_run(
                sealing, 1, nonce, clear, Int32(clear.count), plain.baseAddress?.assumingMemoryBound(to: UInt8.self),
                out, Int32(plain.count), out?.advanced(by: plain.count)) == 1
        else { preconditionFailure("libcrypto could not encrypt") }
    }

    func open(
        _ sealed: UnsafeRawBufferPointer, into plain: UnsafeMutableRawBufferPointer, nonce: [UInt8],
        authenticating clear: [UInt8]
    ) -> Bool {
        defer { ERR_clear_error() }
        let bytes = sealed.baseAddress?.assumingMemoryBound(to: UInt8.self)
        return lodestone_gcm_run(
            opening, 0, nonce, clear, Int32(clear.count), bytes,
            plain.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(plain.count),
            UnsafeMutablePointer(mutating: bytes?.advanced(by: plain.count))) == 1
    }
}

/// A private key held by libcrypto.
final class OpenSSLKey {
    fileprivate let pointer: OpaquePointer

    private init(owning pointer: OpaquePointer) {
        self.pointer = pointer
    }

    init(pem: String) throws(CryptoError) {
        let text = try MemoryBIO(pem)
        guard let read = lodestone_read_private_key(text.pointer) else {
            throw .invalidPEM(what: "private key", reason: lastReason())
        }
        pointer = read
    }

    deinit {
        EVP_PKEY_free(pointer)
    }

    static func makeP256() throws(CryptoError) -> OpenSSLKey {
        guard let made = lodestone_make_p256_key() else {
            throw .failed(operation: "make a key", reason: lastReason())
        }
        return OpenSSLKey(owning: made)
    }

    func pem() throws(CryptoError) -> String {
        let text = try MemoryBIO()
        guard PEM_write_bio_PKCS8PrivateKey(text.pointer, pointer, nil, nil, 0, nil, nil) == 1 else {
            throw .failed(operation: "write a private key", reason: lastReason())
        }
        return text.contents
    }
}

/// An X.509 certificate held by libcrypto.
final class OpenSSLCertificate {
    private let pointer: OpaquePointer

    private init(owning pointer: OpaquePointer) {
        self.pointer = pointer
    }

    init(pem: String) throws(CryptoError) {
        let text = try MemoryBIO(pem)
        guard let read = PEM_read_bio_X509(text.pointer, nil, nil, nil) else {
            throw .invalidPEM(what: "certificate", reason: lastReason())
        }
        pointer = read
    }

    deinit {
        X509_free(pointer)
    }

    func pem() throws(CryptoError) -> String {
        let text = try MemoryBIO()
        guard PEM_write_bio_X509(text.pointer, pointer) == 1 else {
            throw .failed(operation: "write a certificate", reason: lastReason())
        }
        return text.contents
    }

    var subject: String { name(X509_get_subject_name(pointer)) }
    var issuer: String { name(X509_get_issuer_name(pointer)) }
    var isAuthority: Bool { X509_check_ca(pointer) == 1 }

    func notBefore() throws(CryptoError) -> Duration { try instant(X509_get0_notBefore(pointer)) }
    func notAfter() throws(CryptoError) -> Duration { try instant(X509_get0_notAfter(pointer)) }

    func covers(host: String) -> Bool {
        X509_check_ip_asc(pointer, host, 0) == 1
            || X509_check_host(pointer, host, 0, UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT), nil) == 1
    }

    func belongs(to key: OpenSSLKey) -> Bool {
        defer { ERR_clear_error() }
        return X509_check_private_key(pointer, key.pointer) == 1
    }

    func isSigned(by authority: OpenSSLCertificate) -> Bool {
        defer { ERR_clear_error() }
        return X509_verify(pointer, X509_get0_pubkey(authority.pointer)) == 1
    }

    /// Makes and signs a certificate; without an authority it signs itself.
    static func issue(
        _ template: CertificateTemplate, for key: OpenSSLKey, signedBy authority: OpenSSLCertificate?,
        with authorityKey: OpenSSLKey
    ) throws(CryptoError) -> OpenSSLCertificate {
        guard let made = X509_new() else { throw .failed(operation: "make a certificate", reason: lastReason()) }
        let certificate = OpenSSLCertificate(owning: made)
        // Clocks of clients may be behind ours; the five minutes make a certificate usable at once.
        guard X509_set_version(made, Int(X509_VERSION_3)) == 1,
            X509_gmtime_adj(X509_getm_notBefore(made), -300) != nil,
            X509_gmtime_adj(X509_getm_notAfter(made), Int(template.lifetime.components.seconds)) != nil,
            X509_set_pubkey(made, key.pointer) == 1
        else { throw .failed(operation: "fill a certificate", reason: lastReason()) }
        try certificate.setSerialNumber()
        let name = X509_get_subject_name(made)
        for (field, value) in [("CN", template.commonName)] + template.organizations.map({ ("O", $0) }) {
            let bytes = Array(value.utf8)
            guard !bytes.isEmpty,
                X509_NAME_add_entry_by_txt(name, field, MBSTRING_FLAG | 0, bytes, Int32(bytes.count), -1, 0) == 1
            else {
                ERR_clear_error()
                throw .invalidSubject(value)
            }
        }
        guard X509_set_issuer_name(made, X509_get_subject_name(authority?.pointer ?? made)) == 1 else {
            throw .failed(operation: "name an issuer", reason: lastReason())
        }
        for (extensionID, value) in try extensions(of: template) {
            try certificate.add(extensionID, value, authority: authority ?? certificate)
        }
        guard X509_sign(made, authorityKey.pointer, EVP_sha256()) != 0 else {
            throw .failed(operation: "sign a certificate", reason: lastReason())
        }
        return certificate
    }

    /// The extensions of RFC 5280 that Go's, OpenSSL's and GnuTLS's verification look at.
    private static func extensions(of template: CertificateTemplate) throws(CryptoError) -> [(Int32, String)] {
        guard !template.isAuthority else {
            return [
                (NID_basic_constraints, "critical,CA:TRUE,pathlen:0"),
                (NID_key_usage, "critical,keyCertSign,cRLSign,digitalSignature"),
                (NID_subject_key_identifier, "hash"),
            ]
        }
        var list: [(Int32, String)] = [
            (NID_basic_constraints, "critical,CA:FALSE"),
            (NID_key_usage, "critical,digitalSignature"),
            (NID_ext_key_usage, template.servesClients ? "serverAuth,clientAuth" : "clientAuth"),
            (NID_subject_key_identifier, "hash"),
            (NID_authority_key_identifier, "keyid:always"),
        ]
        var names: [String] = []
        for host in template.hosts {
            names.append(try alternativeName(host))
        }
        if !names.isEmpty {
            list.append((NID_subject_alt_name, names.joined(separator: ",")))
        }
        return list
    }

    private static func alternativeName(_ host: String) throws(CryptoError) -> String {
        if let address = a2i_IPADDRESS(host) {
            ASN1_OCTET_STRING_free(address)
            return "IP:\(host)"
        }
        ERR_clear_error()
        let isName = host.utf8.allSatisfy { character in
            switch character {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "*"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard isName, (1...253).contains(host.utf8.count) else { throw .invalidHost(host) }
        return "DNS:\(host)"
    }

    private func setSerialNumber() throws(CryptoError) {
        var bytes = RandomBytes.make(count: 16)
        // A serial number is a positive number (RFC 5280, 4.1.2.2): the first bit clear, the second set.
        bytes[0] = bytes[0] & 0x3F | 0x40
        let number = BN_bin2bn(bytes, Int32(bytes.count), nil)
        defer { BN_free(number) }
        guard BN_to_ASN1_INTEGER(number, X509_get_serialNumber(pointer)) != nil else {
            throw .failed(operation: "number a certificate", reason: lastReason())
        }
    }

    private func add(_ id: Int32, _ value: String, authority: OpenSSLCertificate) throws(CryptoError) {
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, authority.pointer, pointer, nil, nil, 0)
        guard let made = X509V3_EXT_conf_nid(nil, &context, id, value) else {
            throw .failed(operation: "make the certificate extension \(value)", reason: lastReason())
        }
        defer { X509_EXTENSION_free(made) }
        guard X509_add_ext(pointer, made, -1) == 1 else {
            throw .failed(operation: "add the certificate extension \(value)", reason: lastReason())
        }
    }

    private func name(_ name: OpaquePointer?) -> String {
        guard let text = try? MemoryBIO(), lodestone_print_name(text.pointer, name) >= 0 else {
            return ""
        }
        return text.contents
    }

    private func instant(_ time: UnsafePointer<ASN1_TIME>?) throws(CryptoError) -> Duration {
        var parts = tm()
        guard ASN1_TIME_to_tm(time, &parts) == 1 else {
            throw .invalidPEM(what: "certificate", reason: "its validity is not a time")
        }
        return .seconds(timegm(&parts))
    }
}

/// Text on its way into or out of libcrypto.
private struct MemoryBIO: ~Copyable {
    let pointer: OpaquePointer

    init(_ text: String = "") throws(CryptoError) {
        guard let made = BIO_new(BIO_s_mem()) else { throw .failed(operation: "take memory", reason: lastReason()) }
        pointer = made
        let bytes = Array(text.utf8)
        if !bytes.isEmpty {
            BIO_write(made, bytes, Int32(bytes.count))
        }
    }

    deinit {
        BIO_free(pointer)
    }

    var contents: String {
        var start: UnsafeMutablePointer<CChar>?
        let count = lodestone_bio_bytes(pointer, &start)
        return String(decoding: UnsafeRawBufferPointer(start: start, count: max(count, 0)), as: UTF8.self)
    }
}

/// The reason of the newest error on this thread, which is taken off the queue.
private func lastReason() -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 200) { text in
        guard let start = text.baseAddress, lodestone_last_error(start, 200) != 0 else { return "no reason given" }
        return String(cString: start)
    }
}
