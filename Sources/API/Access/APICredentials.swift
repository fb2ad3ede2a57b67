public import Crypto
public import Model

/// What the API needs to be closed by default: a certificate authority, the server's certificate, the admin's token.
///
/// Made at the first start and kept in the data directory. Each file is written in one step, and whatever can be
/// derived from the authority is made again when it is missing or does not fit, so a crash at any moment leaves
/// nothing that the next start cannot use.
public struct APICredentials: Sendable, Equatable {
    /// The name the authority and the kubeconfig's parts go by.
    private static let name = "lodestone"
    private static let authorityLifetime = Duration.seconds(20 * 365 * 86_400)
    private static let serverLifetime = Duration.seconds(5 * 365 * 86_400)
    /// A server certificate is renewed at the first start within its last year, so that it also lasts a controller
    /// which then runs for long.
    private static let renewal = Duration.seconds(365 * 86_400)

    /// The authority that signed the server's certificate.
    public let authority: CertificateAuthority
    /// The server's certificate and key.
    public let server: IssuedCertificate
    /// The secret that lets its holder do everything.
    public let adminToken: String
    private let directory: String

    /// Loads the credentials of a data directory, making what is missing.
    ///
    /// - Parameters:
    ///   - directory: The data directory, which must exist; nobody else may be working in it.
    ///   - hosts: The IP addresses and names clients use; the server's certificate is made anew if it misses one.
    ///   - now: The present, by which the certificate's remaining life is judged.
    /// - Throws: ``CredentialsError``. A damaged authority or token is left as it is, because to replace it would lock
    ///   out every client.
    public init(in directory: String, hosts: [String], now: Timestamp = .now) throws(CredentialsError) {
        let secrets = "\(directory)/api"
        try CredentialFile.makeDirectory(secrets)
        self.directory = directory
        authority = try Self.authority(CredentialFile(path: "\(secrets)/authority.pem"), now)
        server = try Self.server(CredentialFile(path: "\(secrets)/server.pem"), authority, hosts, now)
        adminToken = try Self.token(CredentialFile(path: "\(secrets)/admin.token"))
        // For tools that take the certificate as a file, such as curl and Prometheus.
        try CredentialFile(path: "\(secrets)/ca.crt").writeIfDifferent(authority.certificatePEM)
    }

    /// Where ``writeKubeconfig(url:)`` writes.
    public var kubeconfigPath: String { "\(directory)/kubeconfig" }

    /// Writes the file with which kubectl and our own commands find the server and show who they are.
    ///
    /// - Parameters:
    ///   - url: The server's address.
    ///   - certificate: The certificate the server serves with, where it is not ``server``: then the certificate
    ///     itself is what clients trust, for the name it is made out to.
    /// - Throws: ``CredentialsError/inaccessible(path:reason:)``.
    public func writeKubeconfig(url: String, certificate: String? = nil) throws(CredentialsError) {
        var trust = "certificate-authority-data: \(Base64.encode(Array(authority.certificatePEM.utf8)))"
        if let certificate, certificate != server.certificatePEM {
            trust = "certificate-authority-data: \(Base64.encode(Array(certificate.utf8)))"
            if let name = Self.serverName(of: certificate, at: url) {
                trust += "\n    tls-server-name: \(name)"
            }
        }
        try CredentialFile(path: kubeconfigPath).writeIfDifferent(
            """
            apiVersion: v1
            kind: Config
            clusters:
            - name: \(Self.name)
              cluster:
                server: \(url)
                \(trust)
            users:
            - name: admin
              user:
                token: \(adminToken)
            contexts:
            - name: \(Self.name)
              context:
                cluster: \(Self.name)
                user: admin
                namespace: default
            current-context: \(Self.name)

            """)
    }

    /// The name to check a certificate by that is not made out to the address it is met at; nil if it is.
    private static func serverName(of pem: String, at url: String) -> String? {
        guard let certificate = try? Certificate(pem: pem) else { return nil }
        let authority = url.split(separator: "/").last ?? ""
        let host = authority.prefix { $0 != ":" }
        guard (try? certificate.covers(host: String(host))) != true else { return nil }
        let names = certificate.subject.split(separator: ",").filter { $0.hasPrefix("CN=") }.map {
            String($0.dropFirst(3))
        }
        return names.first { (try? certificate.covers(host: $0)) == true }
    }

    private static func authority(
        _ file: CredentialFile, _ now: Timestamp
    ) throws(CredentialsError) -> CertificateAuthority {
        guard let text = try file.read() else {
            let made: CertificateAuthority
            do {
                made = try CertificateAuthority(commonName: name, lifetime: authorityLifetime)
            } catch {
                throw .certificate(error)
            }
            try file.write(made.certificatePEM + made.privateKeyPEM)
            return made
        }
        let (certificate, key) = parts(of: text)
        let found: CertificateAuthority
        let end: Duration
        do {
            found = try CertificateAuthority(certificatePEM: certificate, privateKeyPEM: key)
            end = try Certificate(pem: certificate).notAfter
        } catch {
            throw .damaged(path: file.path, reason: "\(error)")
        }
        guard end > sinceEpoch(now) else {
            throw .damaged(path: file.path, reason: "the authority's certificate has expired")
        }
        return found
    }

    private static func server(
        _ file: CredentialFile, _ authority: CertificateAuthority, _ hosts: [String], _ now: Timestamp
    ) throws(CredentialsError) -> IssuedCertificate {
        if let text = try file.read() {
            let (certificate, key) = parts(of: text)
            let found = IssuedCertificate(certificatePEM: certificate, privateKeyPEM: key)
            if isUsable(found, authority, hosts, now) { return found }
        }
        let made: IssuedCertificate
        do {
            made = try authority.issueServerCertificate(commonName: name, hosts: hosts, lifetime: serverLifetime)
        } catch {
            throw .certificate(error)
        }
        try file.write(made.certificatePEM + made.privateKeyPEM)
        return made
    }

    private static func isUsable(
        _ issued: IssuedCertificate, _ authority: CertificateAuthority, _ hosts: [String], _ now: Timestamp
    ) -> Bool {
        do throws(CryptoError) {
            let certificate = try Certificate(pem: issued.certificatePEM)
            let parent = try Certificate(pem: authority.certificatePEM)
            for host in hosts {
                guard try certificate.covers(host: host) else { return false }
            }
            guard try certificate.isSigned(by: parent),
                try certificate.belongs(toPrivateKeyPEM: issued.privateKeyPEM)
            else { return false }
            return certificate.notBefore <= sinceEpoch(now) && certificate.notAfter > sinceEpoch(now) + renewal
        } catch {
            // Whatever is wrong with it, a new one can be made.
            return false
        }
    }

    private static func token(_ file: CredentialFile) throws(CredentialsError) -> String {
        guard let text = try file.read() else {
            let made = Hex.encode(RandomBytes.make(count: 32))
            try file.write(made + "\n")
            return made
        }
        let token = text.filter { !$0.isWhitespace }
        guard token.utf8.count >= 32, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .damaged(path: file.path, reason: "it holds no token of at least 32 printable characters")
        }
        return token
    }

    private static func sinceEpoch(_ moment: Timestamp) -> Duration {
        .seconds(moment.secondsSinceEpoch)
    }

    /// The certificates of a PEM text, and its private key.
    private static func parts(of text: String) -> (certificates: String, key: String) {
        var certificates = ""
        var key = ""
        var isKey = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
            if line.hasPrefix("-----BEGIN") {
                isKey = line.hasSuffix("PRIVATE KEY-----")
            }
            if isKey {
                key += line + "\n"
            } else {
                certificates += line + "\n"
            }
        }
        return (certificates, key)
    }
}
