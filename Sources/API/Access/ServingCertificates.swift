public import Model
public import Transport

/// Where the certificates come from that a server serves with and trusts.
public struct ServingCertificates: Sendable {
    private let files: ServerFiles
    private let credentials: APICredentials
    /// How often the files are looked at.
    public var interval = Duration.seconds(2)

    /// Names the sources.
    ///
    /// - Parameters:
    ///   - files: What a person brings along.
    ///   - credentials: What the server has made for itself.
    public init(_ files: ServerFiles, or credentials: APICredentials) {
        self.files = files
        self.credentials = credentials
    }

    /// What the files hold now.
    ///
    /// - Throws: ``CredentialsError``, for example for a key that does not belong to its certificate.
    public func read(now: Timestamp) throws(CredentialsError) -> HTTPServerOptions.TLS {
        try files.tls(or: credentials, now: now)
    }

    /// Lets the kubeconfig of the data directory trust what is served.
    func tell(_ tls: HTTPServerOptions.TLS, url: String) throws(CredentialsError) {
        try credentials.writeKubeconfig(url: url, certificate: tls.certificatePEM)
    }
}
