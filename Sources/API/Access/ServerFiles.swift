import Crypto
import Glibc
public import Model
public import Transport

/// Certificates a person brings along, instead of or beside those the server makes for itself.
public struct ServerFiles: Sendable {
    private let certificate: String?
    private let key: String?
    private let clientAuthority: String?

    /// Names the files.
    ///
    /// - Parameters:
    ///   - certificate: The server's certificate with its chain; nil to use the one of the server's own authority.
    ///   - key: The private key of the certificate.
    ///   - clientAuthority: Further authorities whose client certificates are accepted.
    public init(certificate: String?, key: String?, clientAuthority: String?) {
        self.certificate = certificate
        self.key = key
        self.clientAuthority = clientAuthority
    }

    /// What to serve TLS with.
    ///
    /// - Parameters:
    ///   - credentials: What the server has made for itself.
    ///   - now: The present, by which certificates are judged.
    /// - Returns: The certificate, its key, and the authorities of clients.
    /// - Throws: ``CredentialsError``, for example for a key that everybody may read.
    public func tls(
        or credentials: APICredentials, now: Timestamp = .now
    ) throws(CredentialsError) -> HTTPServerOptions.TLS {
        let pair = try pair(or: credentials, now: now)
        return HTTPServerOptions.TLS(
            certificatePEM: pair.certificatePEM, privateKeyPEM: pair.privateKeyPEM,
            clientAuthoritiesPEM: try clientAuthorities(and: credentials))
    }

    /// The authorities of clients: the server's own, and those of the file.
    func clientAuthorities(and credentials: APICredentials) throws(CredentialsError) -> String {
        let own = credentials.authority.certificatePEM
        guard let clientAuthority else { return own }
        let text = try Self.read(clientAuthority)
        guard try Self.certificate(in: text, clientAuthority).isAuthority else {
            throw .damaged(path: clientAuthority, reason: "its first certificate is not that of an authority")
        }
        return own + (text.hasSuffix("\n") ? text : text + "\n")
    }

    /// The server's certificate and its key.
    func pair(or credentials: APICredentials, now: Timestamp) throws(CredentialsError) -> IssuedCertificate {
        guard let certificate, let key else { return credentials.server }
        let chain = try Self.read(certificate)
        let secret = try Self.read(key, isSecret: true)
        let leaf = try Self.certificate(in: chain, certificate)
        do {
            guard try leaf.belongs(toPrivateKeyPEM: secret) else {
                throw CredentialsError.damaged(
                    path: key, reason: "it is not the key of the certificate in \(certificate)")
            }
        } catch let error as CryptoError {
            throw .damaged(path: key, reason: "\(error)")
        } catch let error as CredentialsError {
            throw error
        } catch {
            throw .damaged(path: key, reason: "\(error)")
        }
        guard leaf.notAfter > .seconds(now.secondsSinceEpoch) else {
            throw .damaged(path: certificate, reason: "the certificate has expired")
        }
        return IssuedCertificate(certificatePEM: chain, privateKeyPEM: secret)
    }

    private static func certificate(in text: String, _ path: String) throws(CredentialsError) -> Certificate {
        do {
            return try Certificate(pem: text)
        } catch {
            throw .damaged(path: path, reason: "\(error)")
        }
    }

    private static func read(_ path: String, isSecret: Bool = false) throws(CredentialsError) -> String {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw .inaccessible(path: path, reason: String(cString: strerror(errno)))
        }
        // The file is somebody else's to keep: it is not closed here but refused.
        guard !isSecret || status.st_mode & 0o007 == 0 else {
            throw .inaccessible(
                path: path, reason: "everybody on this machine may use the key; take that right away (chmod 0600)")
        }
        guard let text = try CredentialFile(path: path).read(closing: false) else {
            throw .inaccessible(path: path, reason: "there is no such file")
        }
        return text
    }
}
