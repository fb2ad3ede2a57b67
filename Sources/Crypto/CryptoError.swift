/// What can go wrong with keys and certificates.
public enum CryptoError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A text that should hold a certificate or key does not.
    case invalidPEM(what: String, reason: String)
    /// A private key belongs to another certificate than the one it was given with.
    case keyMismatch(subject: String)
    /// A certificate that should be an authority may not sign others.
    case notAnAuthority(subject: String)
    /// A name or address cannot stand in a certificate.
    case invalidHost(String)
    /// A subject's common name or organisation cannot stand in a certificate.
    case invalidSubject(String)
    /// OpenSSL refused an operation that should always succeed.
    case failed(operation: String, reason: String)

    /// A sentence that names the object and the remedy.
    public var description: String {
        switch self {
        case .invalidPEM(let what, let reason):
            "the \(what) is not readable PEM text (\(reason)); give the unencrypted PEM form, starting with -----BEGIN"
        case .keyMismatch(let subject):
            "the private key does not belong to the certificate of \(subject); give the pair that was made together"
        case .notAnAuthority(let subject):
            "the certificate of \(subject) is not a certificate authority; give one with basicConstraints CA:TRUE"
        case .invalidHost(let host):
            "\"\(host)\" cannot stand in a certificate; give an IP address or a DNS name"
        case .invalidSubject(let value):
            "\"\(value)\" cannot be a certificate's subject; give 1 to 64 characters"
        case .failed(let operation, let reason):
            "OpenSSL could not \(operation): \(reason)"
        }
    }
}
