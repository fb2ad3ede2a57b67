/// A certificate authority of our own: an EC P-256 key and a self-signed certificate that issues others.
///
/// It is held as PEM text, ready to be stored; the private key must only ever be written to a file with mode 0600.
public struct CertificateAuthority: Sendable, Equatable {
    /// The authority's certificate, which clients trust.
    public let certificatePEM: String
    /// The authority's private key: whoever reads it can impersonate every server and client.
    public let privateKeyPEM: String

    /// Makes a new authority.
    ///
    /// - Parameters:
    ///   - commonName: The authority's name as it shows in certificates, at most 64 characters.
    ///   - lifetime: How long it is valid from now.
    /// - Throws: ``CryptoError/invalidSubject(_:)`` for a name that no certificate can hold.
    public init(commonName: String, lifetime: Duration) throws(CryptoError) {
        let key = try OpenSSLKey.makeP256()
        let template = CertificateTemplate(commonName: commonName, isAuthority: true, lifetime: lifetime)
        let certificate = try OpenSSLCertificate.issue(template, for: key, signedBy: nil, with: key)
        certificatePEM = try certificate.pem()
        privateKeyPEM = try key.pem()
    }

    /// Takes up an authority from PEM text.
    ///
    /// - Parameters:
    ///   - certificatePEM: The authority's certificate.
    ///   - privateKeyPEM: Its private key, not encrypted.
    /// - Throws: ``CryptoError`` if either is unreadable, they are not a pair, or the certificate may not sign others.
    public init(certificatePEM: String, privateKeyPEM: String) throws(CryptoError) {
        let certificate = try OpenSSLCertificate(pem: certificatePEM)
        guard certificate.isAuthority else { throw .notAnAuthority(subject: certificate.subject) }
        guard certificate.belongs(to: try OpenSSLKey(pem: privateKeyPEM)) else {
            throw .keyMismatch(subject: certificate.subject)
        }
        self.certificatePEM = certificatePEM
        self.privateKeyPEM = privateKeyPEM
    }

    /// Issues a certificate with which a server proves that it answers for some hosts.
    ///
    /// It also serves as a client certificate, because etcd members use one certificate for both directions.
    ///
    /// - Parameters:
    ///   - commonName: The server's name, at most 64 characters.
    ///   - hosts: The IP addresses and DNS names clients may use to reach it.
    ///   - lifetime: How long it is valid from now.
    /// - Returns: The certificate and its new private key.
    /// - Throws: ``CryptoError`` for a host or name that no certificate can hold.
    public func issueServerCertificate(
        commonName: String, hosts: [String], lifetime: Duration
    ) throws(CryptoError) -> IssuedCertificate {
        try issue(
            CertificateTemplate(commonName: commonName, hosts: hosts, servesClients: true, lifetime: lifetime))
    }

    /// Issues a certificate with which a client proves who it is.
    ///
    /// - Parameters:
    ///   - commonName: The user's name.
    ///   - organizations: The groups the user belongs to, as Kubernetes and etcd read them.
    ///   - lifetime: How long it is valid from now.
    /// - Returns: The certificate and its new private key.
    /// - Throws: ``CryptoError`` for a name that no certificate can hold.
    public func issueClientCertificate(
        commonName: String, organizations: [String] = [], lifetime: Duration
    ) throws(CryptoError) -> IssuedCertificate {
        try issue(CertificateTemplate(commonName: commonName, organizations: organizations, lifetime: lifetime))
    }

    private func issue(_ template: CertificateTemplate) throws(CryptoError) -> IssuedCertificate {
        let key = try OpenSSLKey.makeP256()
        let certificate = try OpenSSLCertificate.issue(
            template, for: key, signedBy: try OpenSSLCertificate(pem: certificatePEM),
            with: try OpenSSLKey(pem: privateKeyPEM))
        return IssuedCertificate(certificatePEM: try certificate.pem(), privateKeyPEM: try key.pem())
    }
}

/// What a certificate is to say, before it is signed.
struct CertificateTemplate {
    var commonName: String
    var organizations: [String] = []
    var hosts: [String] = []
    var isAuthority = false
    var servesClients = false
    var lifetime: Duration
}
