import Crypto
import Glibc
import Testing

/// What issued certificates say and what is refused; that TLS stacks accept them is tried with the HTTP server.
struct CertificateAuthorityTests {
    private let authority: CertificateAuthority

    init() throws {
        authority = try CertificateAuthority(commonName: "lodestone test", lifetime: .seconds(3_600))
    }

    private var now: Duration { .seconds(time(nil)) }

    @Test("An authority names itself, may sign, and lives as long as asked")
    func authorityItself() throws {
        let certificate = try Certificate(pem: authority.certificatePEM)
        #expect(certificate.subject == "CN=lodestone test")
        #expect(certificate.issuer == certificate.subject)
        #expect(certificate.isAuthority)
        #expect(try certificate.isSigned(by: certificate))
        #expect(certificate.notBefore < now)
        #expect(certificate.notAfter > now + .seconds(3_500) && certificate.notAfter < now + .seconds(3_700))
        #expect(authority.privateKeyPEM.hasPrefix("-----BEGIN PRIVATE KEY-----"))
    }

    @Test("An authority comes back from its PEM texts and goes on issuing")
    func reload() throws {
        let again = try CertificateAuthority(
            certificatePEM: authority.certificatePEM, privateKeyPEM: authority.privateKeyPEM)
        #expect(again == authority)
        let issued = try again.issueClientCertificate(commonName: "alice", lifetime: .seconds(60))
        let parent = try Certificate(pem: authority.certificatePEM)
        #expect(try Certificate(pem: issued.certificatePEM).isSigned(by: parent))
    }

    @Test("A century is not too long: dates beyond 2049 take another form")
    func longLived() throws {
        let century = Duration.seconds(100 * 365 * 86_400)
        let old = try CertificateAuthority(commonName: "old", lifetime: century)
        #expect(try Certificate(pem: old.certificatePEM).notAfter > now + century - .seconds(60))
    }

    @Test("A server certificate covers its hosts and no others")
    func serverHosts() throws {
        let issued = try authority.issueServerCertificate(
            commonName: "lodestone", hosts: ["127.0.0.1", "::1", "localhost", "*.fleet.example"], lifetime: .seconds(60)
        )
        let certificate = try Certificate(pem: issued.certificatePEM)
        for host in ["127.0.0.1", "::1", "localhost", "a.fleet.example"] {
            #expect(try certificate.covers(host: host), "\(host)")
        }
        for host in ["127.0.0.2", "::2", "otherhost", "fleet.example", "a.b.fleet.example", ""] {
            #expect(try !certificate.covers(host: host), "\(host)")
        }
        #expect(!certificate.isAuthority)
        #expect(try certificate.belongs(toPrivateKeyPEM: issued.privateKeyPEM))
        #expect(try !certificate.belongs(toPrivateKeyPEM: authority.privateKeyPEM))
    }

    @Test("A client certificate carries the user and the groups")
    func clientSubject() throws {
        let issued = try authority.issueClientCertificate(
            commonName: "jürgen, the first", organizations: ["operators", "readers"], lifetime: .seconds(60))
        let certificate = try Certificate(pem: issued.certificatePEM)
        #expect(certificate.subject == "CN=jürgen\\, the first,O=operators,O=readers")
        #expect(certificate.issuer == "CN=lodestone test")
    }

    @Test("Another authority's signature does not count")
    func foreignSignature() throws {
        let other = try CertificateAuthority(commonName: "lodestone test", lifetime: .seconds(60))
        let issued = try other.issueClientCertificate(commonName: "mallory", lifetime: .seconds(60))
        let parent = try Certificate(pem: authority.certificatePEM)
        #expect(try !Certificate(pem: issued.certificatePEM).isSigned(by: parent))
    }

    @Test(
        "Text that is no certificate is refused with a sentence",
        arguments: ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
    func unreadable(text: String) {
        #expect {
            try Certificate(pem: text)
        } throws: { error in
            guard case CryptoError.invalidPEM(what: "certificate", _) = error else { return false }
            return "\(error)".contains("-----BEGIN")
        }
    }

    @Test("A key of another pair and a leaf as authority are refused")
    func mismatches() throws {
        let other = try CertificateAuthority(commonName: "other", lifetime: .seconds(60))
        #expect(throws: CryptoError.keyMismatch(subject: "CN=lodestone test")) {
            try CertificateAuthority(certificatePEM: authority.certificatePEM, privateKeyPEM: other.privateKeyPEM)
        }
        let leaf = try authority.issueClientCertificate(commonName: "alice", lifetime: .seconds(60))
        #expect(throws: CryptoError.notAnAuthority(subject: "CN=alice")) {
            try CertificateAuthority(certificatePEM: leaf.certificatePEM, privateKeyPEM: leaf.privateKeyPEM)
        }
    }

    @Test("An encrypted key is refused at once instead of asking a terminal for its password")
    func encryptedKey() {
        let key = """
            -----BEGIN ENCRYPTED PRIVATE KEY-----
            MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjmZb4vuH3oAQICCAAw
            -----END ENCRYPTED PRIVATE KEY-----
            """
        #expect(throws: CryptoError.self) {
            try CertificateAuthority(certificatePEM: authority.certificatePEM, privateKeyPEM: key)
        }
    }

    @Test("A host that could smuggle in more names is refused", arguments: ["a,DNS:b", "", "a b", "a:1", "ä.example"])
    func hostileHosts(host: String) {
        #expect(throws: CryptoError.invalidHost(host)) {
            try authority.issueServerCertificate(commonName: "x", hosts: [host], lifetime: .seconds(60))
        }
    }

    @Test("A subject that no certificate can hold is refused", arguments: ["", String(repeating: "x", count: 65)])
    func hostileSubjects(name: String) {
        #expect(throws: CryptoError.invalidSubject(name)) {
            try authority.issueClientCertificate(commonName: name, lifetime: .seconds(60))
        }
    }
}
