import Crypto
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

    /// What the files hold now, and what was read before in place of what cannot be used.
    ///
    /// Each for itself: an authority that was taken away must not be trusted for longer because a certificate is broken.
    func read(
        over former: HTTPServerOptions.TLS, now: Timestamp
    ) -> (tls: HTTPServerOptions.TLS, problem: CredentialsError?) {
        var (tls, problem) = (former, nil as CredentialsError?)
        do throws(CredentialsError) {
            let pair = try files.pair(or: credentials, now: now)
            (tls.certificatePEM, tls.privateKeyPEM) = (pair.certificatePEM, pair.privateKeyPEM)
        } catch {
            problem = error
        }
        do throws(CredentialsError) {
            tls.clientAuthoritiesPEM = try files.clientAuthorities(and: credentials)
        } catch {
            problem = problem ?? error
        }
        return (tls, problem)
    }

    /// Lets the kubeconfig of the data directory trust what is served.
    func tell(_ tls: HTTPServerOptions.TLS, url: String) throws(CredentialsError) {
        try credentials.writeKubeconfig(url: url, certificate: tls.certificatePEM)
    }
}
