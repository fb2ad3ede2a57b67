import Crypto
import TestSupport
import Transport

/// A certificate authority with a server and a client, and the files that etcd needs of them.
struct TLSFixture {
    /// For etcd; it demands client certificates.
    let server: RealEtcd.TLS
    /// For a client that has everything it needs.
    let client: TLSOptions
    /// The name, besides 127.0.0.1, that the server's certificate carries.
    static let serverName = "etcd.example.org"
    /// The server's certificate for a server of our own.
    let http: HTTPServerOptions.TLS
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory("tls")
        let authority = try CertificateAuthority(commonName: "test authority", lifetime: .seconds(3600))
        let server = try authority.issueServerCertificate(
            commonName: "etcd", hosts: ["127.0.0.1", Self.serverName], lifetime: .seconds(3600))
        let client = try authority.issueClientCertificate(commonName: "client", lifetime: .seconds(3600))
        let files = [
            "ca": authority.certificatePEM, "cert": server.certificatePEM, "key": server.privateKeyPEM,
            "client": client.certificatePEM, "client-key": client.privateKeyPEM,
        ]
        for (name, text) in files {
            try writeTextFile(directory.file(name), text, mode: 0o600)
        }
        self.server = RealEtcd.TLS(
            authority: directory.file("ca"), certificate: directory.file("cert"), key: directory.file("key"),
            client: (directory.file("client"), directory.file("client-key")), requiresClientCertificate: true)
        http = HTTPServerOptions.TLS(certificatePEM: server.certificatePEM, privateKeyPEM: server.privateKeyPEM)
        self.client = TLSOptions(
            certificateAuthority: authority.certificatePEM, clientCertificate: client.certificatePEM,
            clientKey: client.privateKeyPEM)
    }
}
