/// What a certificate says: whom it names, for which hosts, until when.
public struct Certificate: Sendable, Equatable {
    /// The certificate as PEM text.
    public let pem: String
    /// The subject as one line, for example `CN=alice,O=operators`.
    public let subject: String
    /// The issuer as one line.
    public let issuer: String
    /// The start of its validity, as the time since 1970-01-01T00:00:00Z.
    public let notBefore: Duration
    /// The end of its validity, as the time since 1970-01-01T00:00:00Z.
    public let notAfter: Duration
    /// Whether it may sign other certificates.
    public let isAuthority: Bool

    /// Reads the first certificate of a PEM text.
    ///
    /// - Parameter pem: Text that holds a certificate.
    /// - Throws: ``CryptoError/invalidPEM(what:reason:)`` if it holds none.
    public init(pem: String) throws(CryptoError) {
        let certificate = try OpenSSLCertificate(pem: pem)
        self.pem = pem
        subject = certificate.subject
        issuer = certificate.issuer
        notBefore = try certificate.notBefore()
        notAfter = try certificate.notAfter()
        isAuthority = certificate.isAuthority
    }

    /// Whether clients that dial this IP address or DNS name accept the certificate for it.
    ///
    /// - Throws: ``CryptoError/invalidPEM(what:reason:)`` never in practice: the text was read once already.
    public func covers(host: String) throws(CryptoError) -> Bool {
        try OpenSSLCertificate(pem: pem).covers(host: host)
    }

    /// Whether another certificate's key signed this one.
    ///
    /// - Throws: ``CryptoError/invalidPEM(what:reason:)`` never in practice: both texts were read once already.
    public func isSigned(by authority: Certificate) throws(CryptoError) -> Bool {
        try OpenSSLCertificate(pem: pem).isSigned(by: try OpenSSLCertificate(pem: authority.pem))
    }

    /// Whether a private key belongs to this certificate.
    ///
    /// - Throws: ``CryptoError/invalidPEM(what:reason:)`` if the key is not readable.
    public func belongs(toPrivateKeyPEM key: String) throws(CryptoError) -> Bool {
        try OpenSSLCertificate(pem: pem).belongs(to: try OpenSSLKey(pem: key))
    }
}
