import API
import Crypto
import Glibc
import Model
import TestSupport
import Testing

/// The credentials of a data directory, through starts, crashes, years and mishaps.
struct APICredentialsTests {
    private let directory: TemporaryDirectory
    private static let hosts = ["127.0.0.1", "localhost"]
    private static let files = ["authority.pem", "server.pem", "admin.token", "ca.crt"]

    init() throws {
        directory = try TemporaryDirectory("credentials")
    }

    private func file(_ name: String) -> String { directory.file("api/\(name)") }

    private func load(hosts: [String] = hosts, now: Timestamp = .now) throws -> APICredentials {
        try APICredentials(in: directory.path, hosts: hosts, now: now)
    }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }

    @Test("The first start makes credentials that fit together, later starts find them again")
    func firstStart() throws {
        let first = try load()
        let certificate = try Certificate(pem: first.server.certificatePEM)
        #expect(try certificate.isSigned(by: Certificate(pem: first.authority.certificatePEM)))
        for host in Self.hosts {
            #expect(try certificate.covers(host: host))
        }
        #expect(first.adminToken.count == 64)
        #expect(try load() == first)
        for name in Self.files {
            #expect(mode(file(name)) == 0o600, "\(name)")
        }
        #expect(mode(directory.file("api")) == 0o700)
        #expect(readTextFile(file("ca.crt")) == first.authority.certificatePEM)
    }

    @Test("Two directories share no secret")
    func unique() throws {
        let other = try TemporaryDirectory("other")
        let (first, second) = (try load(), try APICredentials(in: other.path, hosts: Self.hosts))
        #expect(first.adminToken != second.adminToken)
        #expect(first.authority.privateKeyPEM != second.authority.privateKeyPEM)
    }

    @Test("The kubeconfig is closed to others, and only written when it says something new")
    func kubeconfig() throws {
        let credentials = try load()
        try credentials.writeKubeconfig(url: "https://127.0.0.1:1234")
        let path = credentials.kubeconfigPath
        #expect(path == directory.file("kubeconfig") && mode(path) == 0o600)
        let text = try #require(readTextFile(path))
        #expect(
            text.contains("server: https://127.0.0.1:1234\n") && text.contains("token: \(credentials.adminToken)\n"))
        var before = stat()
        stat(path, &before)
        try credentials.writeKubeconfig(url: "https://127.0.0.1:1234")
        var after = stat()
        stat(path, &after)
        #expect(before.st_ino == after.st_ino)
        try credentials.writeKubeconfig(url: "https://127.0.0.1:4321")
        #expect(readTextFile(path)?.contains("server: https://127.0.0.1:4321\n") == true)
    }

    @Test("A crash after any step leaves what the next start completes", arguments: 0...4)
    func crashes(kept: Int) throws {
        let first = try load()
        for name in Self.files.dropFirst(kept) {
            #expect(unlink(file(name)) == 0)
        }
        if kept < Self.files.count {
            // The crash may have come in the middle of writing the next file.
            try writeTextFile(file(Self.files[kept] + ".new"), "half a fi")
        }
        let second = try load()
        #expect((second.authority == first.authority) == (kept > 0))
        #expect((second.server == first.server) == (kept > 1))
        #expect((second.adminToken == first.adminToken) == (kept > 2))
        #expect(try load() == second)
    }

    @Test("The server's certificate is renewed for a new address, and when it nears its end")
    func renewal() throws {
        let first = try load()
        let moved = try load(hosts: Self.hosts + ["10.1.2.3"])
        #expect(moved.server != first.server)
        #expect(try Certificate(pem: moved.server.certificatePEM).covers(host: "10.1.2.3"))
        #expect(moved.authority == first.authority && moved.adminToken == first.adminToken)
        #expect(try load() == moved, "an address that is not used any more does no harm")
        let soon = Timestamp.now + .seconds(3 * 365 * 86_400)
        #expect(try load(now: soon).server == moved.server)
        let late = Timestamp.now + .seconds(4 * 365 * 86_400 + 86_400)
        #expect(try load(now: late).server != moved.server)
    }

    @Test("A server certificate that does not fit is replaced", arguments: ["", "rubbish", "foreign", "no key"])
    func unfit(content: String) throws {
        let first = try load()
        let foreign = try CertificateAuthority(commonName: "foreign", lifetime: .seconds(3_600))
            .issueServerCertificate(commonName: "x", hosts: Self.hosts, lifetime: .seconds(3_600))
        let texts = [
            "foreign": foreign.certificatePEM + foreign.privateKeyPEM, "no key": first.server.certificatePEM,
        ]
        try writeTextFile(file("server.pem"), texts[content] ?? content, mode: 0o600)
        let second = try load()
        #expect(second.authority == first.authority)
        #expect(
            try Certificate(pem: second.server.certificatePEM).isSigned(
                by: Certificate(pem: first.authority.certificatePEM)))
    }

    @Test(
        "A damaged authority or token is never replaced", arguments: ["authority.pem", "admin.token"], ["", "short"])
    func damaged(name: String, content: String) throws {
        _ = try load()
        try writeTextFile(file(name), content, mode: 0o600)
        #expect {
            try load()
        } throws: { error in
            guard case CredentialsError.damaged(file(name), _) = error else { return false }
            return "\(error)".contains(file(name)) && "\(error)".contains("put back a good copy")
        }
        #expect(readTextFile(file(name)) == content)
    }

    @Test("An authority that has expired is said to have")
    func expired() throws {
        _ = try load()
        #expect {
            try load(now: .now + .seconds(21 * 365 * 86_400))
        } throws: {
            "\($0)".contains("has expired")
        }
    }

    @Test("Files that others can read are closed to them")
    func permissions() throws {
        let first = try load()
        for name in Self.files {
            chmod(file(name), 0o644)
        }
        #expect(try load() == first)
        for name in Self.files {
            #expect(mode(file(name)) == 0o600, "\(name)")
        }
    }

    @Test("A directory that does not exist is named")
    func missingDirectory() {
        #expect {
            try APICredentials(in: directory.file("missing"), hosts: Self.hosts)
        } throws: { error in
            guard case CredentialsError.inaccessible = error else { return false }
            return "\(error)".contains("No such file or directory")
        }
    }
}
