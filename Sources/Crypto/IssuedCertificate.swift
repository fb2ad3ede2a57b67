/// A certificate together with its private key, as PEM text.
public struct IssuedCertificate: Sendable, Equatable {
    /// The certificate.
    public let certificatePEM: String
    /// The private key (PKCS #8, not encrypted); a file that holds it must have mode 0600.
    public let privateKeyPEM: String

    /// Takes up a certificate and its key.
    ///
    /// - Parameters:
    ///   - certificatePEM: The certificate.
    ///   - privateKeyPEM: Its private key.
    public init(certificatePEM: String, privateKeyPEM: String) {
        self.certificatePEM = certificatePEM
        self.privateKeyPEM = privateKeyPEM
    }
}
