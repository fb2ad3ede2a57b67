import API
import Crypto
import Model
import TestSupport
import Testing
import Transport

/// Client certificates over real connections: who is let in by them, and who is not.
@Suite(.timeLimit(.minutes(5)))
struct CertificateTests {
    /// A server with its own authority, and a second authority it also takes certificates of.
    private struct Party {
        let directory: TemporaryDirectory
        let credentials: APICredentials
        let guest: CertificateAuthority
        let api: APIFixture

        init() async throws {
            let directory = try TemporaryDirectory("certificates")
            self.directory = directory
            let credentials = try APICredentials(in: directory.path, hosts: ["127.0.0.1"])
            let guest = try CertificateAuthority(commonName: "guest authority", lifetime: .seconds(3600))
            self.credentials = credentials
            self.guest = guest
            try writeTextFile(directory.file("guest.pem"), guest.certificatePEM)
            try writeTextFile(directory.file("authority.key"), credentials.authority.privateKeyPEM, mode: 0o600)
            api = try await APIFixture { options in
                options.authority = try? Certificate(pem: credentials.authority.certificatePEM)
                options.listener.tls = try? ServerFiles(
                    certificate: nil, key: nil, clientAuthority: directory.file("guest.pem")
                ).tls(or: credentials)
            }
        }

        func write(_ issued: IssuedCertificate, _ name: String) throws -> String {
            try writeTextFile(
                directory.file(name), issued.certificatePEM + issued.privateKeyPEM, mode: 0o600)
            return directory.file(name)
        }

        /// A certificate of the server's authority with extensions of the test's choice, by the openssl program.
        func signed(
            _ name: String, subject: String, extensions: String, by authority: String? = nil, key: String? = nil
        ) async throws -> String {
            let (request, certificate, secret) = (
                directory.file("\(name).csr"), directory.file("\(name).crt"), directory.file("\(name).key")
            )
            try writeTextFile(directory.file("\(name).ext"), extensions)
            let made = try await ChildProcess.run(
                "/usr/bin/openssl",
                [
                    "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", secret,
                    "-out", request, "-subj", subject,
                ])
            #expect(made.status == 0, "\(made.errors)")
            let issued = try await ChildProcess.run(
                "/usr/bin/openssl",
                [
                    "x509", "-req", "-in", request, "-CA", authority ?? "\(directory.path)/api/ca.crt", "-CAkey",
                    key ?? directory.file("authority.key"),
                    "-CAcreateserial", "-days", "1", "-extfile", directory.file("\(name).ext"), "-out", certificate,
                ])
            #expect(issued.status == 0, "\(issued.errors)")
            let text =
                (readTextFile(certificate) ?? "") + (authority.flatMap { readTextFile($0) } ?? "")
                + (readTextFile(secret) ?? "")
            try writeTextFile(directory.file("\(name).pem"), text, mode: 0o600)
            return directory.file("\(name).pem")
        }

        /// What the server says to who asks who he is.
        func ask(_ server: APIServer, _ certificate: String?, token: String? = nil) async throws -> (
            status: String, user: String?, groups: [String], message: String
        ) {
            let body = directory.file("answer-\(UInt32.random(in: 0 ... .max))")
            var arguments = [
                "-sS", "--noproxy", "*", "--max-time", "20", "--cacert", "\(directory.path)/api/ca.crt", "-o", body,
                "-w", "%{http_code}",
                "-X", "POST", "-d", "{}", "-H", "Content-Type: application/json",
            ]
            if let certificate { arguments += ["--cert", certificate] }
            if let token { arguments += ["-H", "Authorization: Bearer \(token)"] }
            let answer = try await ChildProcess.run(
                "/usr/bin/curl", arguments + ["\(server.url)/apis/authentication.k8s.io/v1/selfsubjectreviews"])
            let text = readTextFile(body) ?? ""
            let json = (try? Value(json: Array(text.utf8))) ?? .null
            let info = json[path: "status", "userInfo"]
            return (
                answer.output, info?["username"]?.string, (info?["groups"]?.array ?? []).compactMap(\.string),
                json["message"]?.string ?? text + answer.errors
            )
        }
    }

    @Test("A certificate of the server's authority names its user and groups, also administrators")
    func own() async throws {
        let party = try await Party()
        let alice = try party.write(
            try party.credentials.authority.issueClientCertificate(
                commonName: "alice", organizations: ["team", "lodestone:admins", "system:masters"],
                lifetime: .seconds(600)), "alice")
        try await party.api.serving { server in
            let answer = try await party.ask(server, alice)
            #expect(answer.status == "201" && answer.user == "alice", "\(answer)")
            #expect(answer.groups == ["team", "lodestone:admins", "system:authenticated"])
        }
    }

    @Test("Another authority names its people, but no administrators")
    func guest() async throws {
        let party = try await Party()
        let bob = try party.write(
            try party.guest.issueClientCertificate(
                commonName: "bob", organizations: ["ops", "lodestone:admins"], lifetime: .seconds(600)), "bob")
        let chief = try party.write(
            try party.guest.issueClientCertificate(commonName: "lodestone:chief", lifetime: .seconds(600)), "chief")
        try await party.api.serving { server in
            let answer = try await party.ask(server, bob)
            #expect(
                answer.status == "201" && answer.user == "bob" && answer.groups == ["ops", "system:authenticated"],
                "\(answer)")
            #expect(try await party.ask(server, chief).status == "401")
        }
    }

    @Test("Expired, foreign and misused certificates are refused, each with a word")
    func refused() async throws {
        let party = try await Party()
        let own = party.credentials.authority
        let foreign = try CertificateAuthority(commonName: "lodestone", lifetime: .seconds(3600))
        let leaf = try own.issueClientCertificate(
            commonName: "eve", organizations: ["lodestone:admins"], lifetime: .seconds(600))
        let leafFiles = (party.directory.file("leaf.crt"), party.directory.file("leaf.key"))
        try writeTextFile(leafFiles.0, leaf.certificatePEM)
        try writeTextFile(leafFiles.1, leaf.privateKeyPEM, mode: 0o600)
        let cases: [(String, String)] = [
            (
                try party.write(try own.issueClientCertificate(commonName: "old", lifetime: .seconds(-10)), "old"),
                "expired"
            ),
            (
                try party.write(
                    try foreign.issueClientCertificate(
                        commonName: "eve", organizations: ["lodestone:admins"], lifetime: .seconds(600)), "foreign"),
                "not accepted"
            ),
            (
                try await party.signed("server", subject: "/CN=eve", extensions: "extendedKeyUsage=serverAuth"),
                "not accepted"
            ),
            (
                try await party.signed("plain", subject: "/CN=eve", extensions: "basicConstraints=CA:FALSE"),
                "clientAuth"
            ),
            (
                try await party.signed("twins", subject: "/CN=eve/CN=admin", extensions: "extendedKeyUsage=clientAuth"),
                "one common name"
            ),
            (
                try await party.signed(
                    "nobody", subject: "/O=lodestone:admins", extensions: "extendedKeyUsage=clientAuth"),
                "one common name"
            ),
            (
                try await party.signed(
                    "grandchild", subject: "/CN=eve/O=lodestone:admins", extensions: "extendedKeyUsage=clientAuth",
                    by: leafFiles.0, key: leafFiles.1),
                "not accepted"
            ),
        ]
        try await party.api.serving { server in
            for (certificate, word) in cases {
                let answer = try await party.ask(server, certificate)
                #expect(answer.status == "401" && answer.message.contains(word), "\(certificate): \(answer)")
                // A token stands for itself, whatever certificate comes with it.
                let token = try await party.ask(server, certificate, token: APIFixture.token)
                #expect(token.status == "201" && token.user == "admin", "\(certificate): \(token)")
            }
            let nothing = try await party.ask(server, nil)
            #expect(
                nothing.status == "401" && nothing.message.contains("bearer token or a client certificate"),
                "\(nothing)")
            let good = try party.write(
                try own.issueClientCertificate(commonName: "amy", lifetime: .seconds(600)), "amy")
            #expect(try await party.ask(server, good, token: "wrong").status == "401")
            #expect(try await party.ask(server, good).user == "amy")
        }
    }

    @Test("What is brought along must fit together, and a key that everybody may read is refused")
    func files() async throws {
        let party = try await Party()
        let pair = try party.guest.issueServerCertificate(
            commonName: "api.example.org", hosts: ["api.example.org"], lifetime: .seconds(600))
        let other = try party.guest.issueServerCertificate(commonName: "x", hosts: ["x"], lifetime: .seconds(600))
        let old = try party.guest.issueServerCertificate(commonName: "x", hosts: ["x"], lifetime: .seconds(-5))
        let (certificate, key) = (party.directory.file("mine.crt"), party.directory.file("mine.key"))
        try writeTextFile(certificate, pair.certificatePEM)
        try writeTextFile(key, pair.privateKeyPEM, mode: 0o640)
        func tls(_ certificate: String?, _ key: String?, _ authority: String? = nil) throws(CredentialsError)
            -> HTTPServerOptions.TLS
        {
            try ServerFiles(certificate: certificate, key: key, clientAuthority: authority).tls(or: party.credentials)
        }
        #expect(try tls(certificate, key).certificatePEM == pair.certificatePEM)
        #expect(try tls(nil, nil).certificatePEM == party.credentials.server.certificatePEM)
        try writeTextFile(party.directory.file("open.key"), pair.privateKeyPEM, mode: 0o644)
        try writeTextFile(party.directory.file("other.key"), other.privateKeyPEM, mode: 0o600)
        try writeTextFile(party.directory.file("old.crt"), old.certificatePEM)
        try writeTextFile(party.directory.file("old.key"), old.privateKeyPEM, mode: 0o600)
        for (certificate, key, authority, word) in [
            (certificate, party.directory.file("open.key"), nil, "everybody on this machine may use the key"),
            (certificate, party.directory.file("other.key"), nil, "not the key of the certificate"),
            (party.directory.file("old.crt"), party.directory.file("old.key"), nil, "has expired"),
            (certificate, party.directory.file("none"), nil, "No such file"),
            (key, key, nil, "certificate"), (certificate, key, certificate, "not that of an authority"),
        ] as [(String, String, String?, String)] {
            let error = #expect(throws: CredentialsError.self) { _ = try tls(certificate, key, authority) }
            #expect(error?.description.contains(word) == true, "\(String(describing: error))")
        }
    }
}
