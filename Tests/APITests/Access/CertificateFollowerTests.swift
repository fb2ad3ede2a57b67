import API
import Crypto
import Glibc
import Model
import TestSupport
import Testing
import Transport

/// Certificate files that are replaced while the API serves.
@Suite(.timeLimit(.minutes(5)))
struct CertificateFollowerTests {
    /// A directory of certificates, and a server that follows the ones its link `live` leads to.
    private struct Party {
        let directory: TemporaryDirectory
        let credentials: APICredentials
        let authorities: [CertificateAuthority]
        let api: APIFixture

        init(lifetime: Duration = .seconds(3600)) async throws {
            let directory = try TemporaryDirectory("follower")
            self.directory = directory
            let credentials = try APICredentials(in: directory.path, hosts: ["127.0.0.1"])
            self.credentials = credentials
            authorities = try (0...1).map {
                try CertificateAuthority(commonName: "authority \($0)", lifetime: .seconds(7200))
            }
            for number in 0...1 {
                mkdir(directory.file("set\(number)"), 0o700)
                try writeTextFile(directory.file("ca\(number).pem"), authorities[number].certificatePEM)
                let client = try authorities[number].issueClientCertificate(
                    commonName: "client\(number)", lifetime: .seconds(3600))
                try writeTextFile(
                    directory.file("client\(number).pem"), client.certificatePEM + client.privateKeyPEM, mode: 0o600)
                let server = try authorities[number].issueServerCertificate(
                    commonName: "server\(number)", hosts: ["127.0.0.1"], lifetime: lifetime)
                try Self.write(server, authorities[number], directory.file("set\(number)"))
            }
            symlink("set0", directory.file("live"))
            let live = directory.file("live")
            var certificates = ServingCertificates(
                ServerFiles(
                    certificate: "\(live)/tls.crt", key: "\(live)/tls.key", clientAuthority: "\(live)/ca.crt"),
                or: credentials)
            certificates.interval = .milliseconds(20)
            let (source, tls) = (certificates, try certificates.read(now: .now))
            api = try await APIFixture { options in
                options.authority = try? Certificate(pem: credentials.authority.certificatePEM)
                options.listener.tls = tls
                options.certificates = source
            }
        }

        static func write(_ issued: IssuedCertificate, _ authority: CertificateAuthority, _ path: String) throws {
            try writeTextFile("\(path)/tls.crt", issued.certificatePEM)
            try writeTextFile("\(path)/tls.key", issued.privateKeyPEM, mode: 0o600)
            try writeTextFile("\(path)/ca.crt", authority.certificatePEM)
        }

        /// Lets the link lead elsewhere in one step, as Kubernetes does for the files of a Secret.
        func switchLink(to target: String) {
            symlink(target, directory.file("link.new"))
            rename(directory.file("link.new"), directory.file("live"))
        }

        /// The status curl ends with, and what it was answered, for who trusts one authority and has a certificate of one.
        func ask(
            _ server: APIServer, _ path: String = "/api", trusting: Int, as client: Int? = nil
        ) async throws -> (status: Int32, answer: String) {
            let identity =
                client.map { ["--cert", directory.file("client\($0).pem")] }
                ?? ["-H", "Authorization: Bearer \(APIFixture.token)"]
            let output = try await ChildProcess.run(
                "/usr/bin/curl",
                ["-sS", "--noproxy", "*", "--max-time", "20", "--cacert", directory.file("ca\(trusting).pem")]
                    + identity
                    + ["-w", " %{http_code}", server.url + path])
            return (output.status, output.output)
        }

        func metric(_ name: String, _ server: APIServer, trusting: Int) async throws -> Double? {
            let text = try await ask(server, "/metrics", trusting: trusting).answer
            return text.split(separator: "\n").first { $0.hasPrefix("\(name) ") }?.split(separator: " ").last
                .flatMap { Double($0) }
        }
    }

    @Test(
        "Replaced files are served to new connections, by a switched link and by a rename; broken ones change nothing")
    func replaced() async throws {
        let party = try await Party()
        let unusable = "lodestone_serving_certificate_files_unusable"
        try await party.api.serving { server in
            #expect(try await party.ask(server, trusting: 0).answer.hasSuffix(" 200"))
            #expect(try await party.ask(server, trusting: 0, as: 0).answer.hasSuffix(" 200"))
            #expect(try await party.ask(server, trusting: 0, as: 1).answer.hasSuffix(" 401"))
            #expect(try await party.ask(server, trusting: 1).status == 60)
            #expect(try await party.metric(unusable, server, trusting: 0) == 0)

            party.switchLink(to: "set1")
            try await eventually("the other certificate is served") {
                try await party.ask(server, trusting: 1).status == 0
            }
            #expect(try await party.ask(server, trusting: 0).status == 60)
            #expect(try await party.ask(server, trusting: 1, as: 1).answer.hasSuffix(" 200"))
            #expect(try await party.ask(server, trusting: 1, as: 0).answer.hasSuffix(" 401"))
            #expect(
                try await party.metric("lodestone_serving_certificate_reloads_total", server, trusting: 1) == 1)
            let kubeconfig = readTextFile(party.credentials.kubeconfigPath) ?? ""
            let served = readTextFile(party.directory.file("set1/tls.crt")) ?? ""
            #expect(kubeconfig.contains(Base64.encode(Array(served.utf8))))

            for (file, text) in [
                ("tls.crt", "nonsense"), ("tls.key", "nonsense"), ("ca.crt", served),
                ("tls.key", readTextFile(party.directory.file("set0/tls.key")) ?? ""),
            ] {
                let path = party.directory.file("set1/\(file)")
                let good = readTextFile(path) ?? ""
                try writeTextFile(path, text, mode: 0o600)
                try await eventually("the broken \(file) is told") {
                    try await party.metric(unusable, server, trusting: 1) == 1
                }
                let findings = try await party.ask(server, "/findings", trusting: 1).answer
                #expect(findings.contains("CertificateFilesUnusable") && findings.contains(file), "\(findings)")
                #expect(!findings.contains("PRIVATE"))
                try writeTextFile(path, good, mode: 0o600)
                try await eventually("the mended \(file) is told") {
                    try await party.metric(unusable, server, trusting: 1) == 0
                }
            }
            // Renamed over, one after the other, as programs that renew certificates do.
            for file in ["tls.key", "tls.crt", "ca.crt"] {
                rename(party.directory.file("set0/\(file)"), party.directory.file("set1/\(file)"))
            }
            try await eventually("the first certificate is served again") {
                try await party.ask(server, trusting: 0).status == 0
            }
            #expect(try await party.ask(server, trusting: 0, as: 0).answer.hasSuffix(" 200"))
        }
    }

    @Test(
        "An authority that is taken away is not trusted any more, also while the certificate is broken",
        arguments: ["nonsense", "behind the first"])
    func takenAway(broken: String) async throws {
        let party = try await Party()
        for client in ["client0", "client1"] {
            let binding = RoleBinding(name: client, role: "viewer", subjects: [AccessSubject(.user, client)])
            #expect(try await party.api.call("POST", "\(Sample.group)/rolebindings", binding.document).status == 201)
        }
        _ = try await party.api.call("POST", Sample.clusters, Sample.cluster("demo"))
        try await party.api.serving { server in
            let output = party.directory.file("watch")
            let watch = try await ChildProcess.start(
                "/usr/bin/curl",
                [
                    "-sSN", "--noproxy", "*", "--cacert", party.directory.file("ca0.pem"), "--cert",
                    party.directory.file("client0.pem"), "\(server.url)\(Sample.clusters)?watch=true",
                ], output: output)
            defer { watch.signal(9) }
            try await eventually("the watch is open") { (readTextFile(output) ?? "").contains("ADDED") }

            let chain = readTextFile(party.directory.file("set0/tls.crt")) ?? ""
            let damaged = "-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n"
            try writeTextFile(
                party.directory.file("set0/tls.crt"), broken == "nonsense" ? broken : chain + damaged)
            try writeTextFile(party.directory.file("ca.new"), party.authorities[1].certificatePEM)
            rename(party.directory.file("ca.new"), party.directory.file("set0/ca.crt"))
            try await eventually("the other authority is trusted") {
                try await party.ask(server, Sample.clusters, trusting: 0, as: 1).answer.hasSuffix(" 200")
            }
            #expect(try await party.ask(server, Sample.clusters, trusting: 0, as: 0).answer.hasSuffix(" 401"))
            try await watch.waitForExit(timeout: .seconds(20))
            let last = try Value(json: Array((readTextFile(output)?.split(separator: "\n").last ?? "").utf8))
            #expect(last["type"] == "ERROR" && last[path: "object", "code"] == 401)
            let findings = try await party.ask(server, "/findings", trusting: 0).answer
            #expect(findings.contains("CertificateFilesUnusable"), "\(findings)")
        }
    }

    @Test("Watches go on when an authority is added")
    func added() async throws {
        let party = try await Party()
        let binding = RoleBinding(name: "clients", role: "viewer", subjects: [AccessSubject(.user, "client0")])
        _ = try await party.api.call("POST", "\(Sample.group)/rolebindings", binding.document)
        _ = try await party.api.call("POST", Sample.clusters, Sample.cluster("demo"))
        try await party.api.serving { server in
            let output = party.directory.file("watch")
            let watch = try await ChildProcess.start(
                "/usr/bin/curl",
                [
                    "-sSN", "--noproxy", "*", "--cacert", party.directory.file("ca0.pem"), "--cert",
                    party.directory.file("client0.pem"), "\(server.url)\(Sample.clusters)?watch=true",
                ], output: output)
            defer { watch.signal(9) }
            try await eventually("the watch is open") { (readTextFile(output) ?? "").contains("ADDED") }
            let both = party.authorities.map(\.certificatePEM).joined(separator: "\n")
            try writeTextFile(party.directory.file("set0/ca.crt"), both)
            try await eventually("the other authority is trusted") {
                try await party.ask(server, trusting: 0, as: 1).answer.hasSuffix(" 200")
            }
            // Rights are looked at every second.
            let looked = ContinuousClock.now + .seconds(3)
            try await eventually("rights were looked at") { ContinuousClock.now > looked }
            _ = try await party.api.call("POST", Sample.clusters, Sample.cluster("later"))
            try await eventually("the watch goes on") { (readTextFile(output) ?? "").contains("later") }
            #expect(readTextFile(output)?.contains("ERROR") == false)
        }
    }

    @Test("A kubeconfig that could not be written is written later, and told until then")
    func kubeconfig() async throws {
        let party = try await Party()
        let obstacle = "\(party.credentials.kubeconfigPath).new"
        // Where its draft is to be written, nothing can be.
        mkdir(obstacle, 0o700)
        try await party.api.serving { server in
            party.switchLink(to: "set1")
            try await eventually("the outdated kubeconfig is told") {
                try await party.ask(server, "/findings", trusting: 1).answer.contains("KubeconfigOutdated")
            }
            let served = Base64.encode(Array((readTextFile(party.directory.file("set1/tls.crt")) ?? "").utf8))
            #expect(readTextFile(party.credentials.kubeconfigPath)?.contains(served) != true)
            rmdir(obstacle)
            try await eventually("the kubeconfig is written") {
                readTextFile(party.credentials.kubeconfigPath)?.contains(served) == true
            }
            try await eventually("nothing is told any more") {
                try await !party.ask(server, "/findings", trusting: 1).answer.contains("KubeconfigOutdated")
            }
        }
    }

    @Test("A certificate that is about to end is told, and the metric says when it does")
    func expiry() async throws {
        for (lifetime, age) in [(Duration.seconds(36_000), Duration.zero), (.seconds(36_000), .seconds(34_000))] {
            let party = try await Party(lifetime: lifetime)
            let now = Timestamp.now + age
            let api = try await APIFixture { options in
                options.listener.tls = party.api.options.listener.tls
                options.certificates = party.api.options.certificates
                options.now = { now }
            }
            try await api.serving { server in
                let end = try await party.metric(
                    "lodestone_serving_certificate_not_after_timestamp_seconds", server, trusting: 0)
                let expected = Double((Timestamp.now + lifetime).secondsSinceEpoch)
                #expect(abs((end ?? 0) - expected) < 300)
                let findings = try await party.ask(server, "/findings", trusting: 0).answer
                #expect(findings.contains("ServingCertificateExpires") == (age > .zero), "\(findings)")
            }
        }
    }

    @Test("Certificates that are valid for centuries are no trouble")
    func centuries() async throws {
        let party = try await Party()
        let long = try party.authorities[0].issueServerCertificate(
            commonName: "long", hosts: ["127.0.0.1"], lifetime: .seconds(400 * 365 * 86_400))
        try Party.write(long, party.authorities[0], party.directory.file("set0"))
        let client = try party.authorities[0].issueClientCertificate(
            commonName: "long", lifetime: .seconds(400 * 365 * 86_400))
        try writeTextFile(
            party.directory.file("client0.pem"), client.certificatePEM + client.privateKeyPEM, mode: 0o600)
        try await party.api.serving { server in
            try await eventually("the long certificate is served") {
                try await party.metric("lodestone_serving_certificate_reloads_total", server, trusting: 0) == 1
            }
            #expect(try await party.ask(server, trusting: 0, as: 0).answer.hasSuffix(" 200"))
        }
    }
}
