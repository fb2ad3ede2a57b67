/// Who is at the other end of a connection.
public struct HTTPServerClient: Sendable {
    /// The IP address as text; empty if it is not known.
    public let address: String
    /// What stands for everybody who commands this address: the address itself, or the network of an IPv6 address.
    public let network: String
    /// The certificate the client presented; nil without one.
    public let certificate: HTTPClientCertificate?

    /// Describes a client, as the server does and tests of handlers may.
    ///
    /// - Parameters:
    ///   - address: The IP address.
    ///   - network: What stands for everybody who commands the address; the address if not given.
    ///   - certificate: The certificate the client presented.
    public init(address: String = "", network: String? = nil, certificate: HTTPClientCertificate? = nil) {
        self.address = address
        self.network = network ?? address
        self.certificate = certificate
    }
}

/// A certificate a client presented, and what became of its verification.
public struct HTTPClientCertificate: Sendable, Equatable {
    /// The certificate.
    public let pem: String
    /// Its SHA-256 in hexadecimal digits.
    public let fingerprint: String
    /// The common names of its subject; one is empty that is no text.
    public let commonNames: [String]
    /// The organizations of its subject; one is empty that is no text.
    public let organizations: [String]
    /// The end of its validity in seconds since the epoch; to be looked at again as long as the connection lasts.
    public let notAfter: Int64
    /// Whether it says of itself that it is for clients (extended key usage `clientAuth`).
    public let isForClients: Bool
    /// Why it was not accepted when the connection was made; nil if an authority the server trusts stands behind it.
    public let problem: String?
    /// How often the server had taken an authority of clients away when it was verified.
    public let trustEpoch: Int

    /// Describes a certificate, as the server does and tests of handlers may.
    public init(
        pem: String, fingerprint: String, commonNames: [String], organizations: [String], notAfter: Int64,
        isForClients: Bool, problem: String?, trustEpoch: Int = 0
    ) {
        self.pem = pem
        self.fingerprint = fingerprint
        self.commonNames = commonNames
        self.organizations = organizations
        self.notAfter = notAfter
        self.isForClients = isForClients
        self.problem = problem
        self.trustEpoch = trustEpoch
    }
}
