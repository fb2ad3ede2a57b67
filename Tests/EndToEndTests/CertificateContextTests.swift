import Crypto
import Glibc
import Model
import TestSupport
import Testing

/// Client certificates in kubeconfigs: as data, as files, and wrong ones.
@Suite(.timeLimit(.minutes(5)))
struct CertificateContextTests {
    /// A directory with a kubeconfig of several contexts, each with a user of the same name.
    private struct Contexts {
        let directory: TemporaryDirectory
        let path: String
        private var users: [(name: String, fields: String)] = []
        private let cluster: String

        init(_ controller: ControllerFixture) throws {
            directory = try TemporaryDirectory("contexts")
            path = directory.file("contexts.yaml")
            let own = readTextFile(controller.data + "/kubeconfig") ?? ""
            let server = own.split(separator: "\n").first { $0.contains("server: ") }
            let trust = own.split(separator: "\n").first { $0.contains("certificate-authority-data: ") }
            cluster = "\(server ?? "")\n\(trust ?? "")"
        }

        mutating func add(_ name: String, _ fields: String) {
            users.append((name, fields))
        }

        func write() throws {
            try writeTextFile(
                path,
                """
                apiVersion: v1
                kind: Config
                clusters:
                - name: here
                  cluster:
                \(cluster)
                users:
                \(users.map { "- {name: \($0.name), user: {\($0.fields)}}" }.joined(separator: "\n"))
                contexts:
                \(users.map { "- {name: \($0.name), context: {cluster: here, user: \($0.name)}}" }
                    .joined(separator: "\n"))
                current-context: \(users.first?.name ?? "")
                """, mode: 0o600)
        }

        static func data(_ issued: IssuedCertificate, key: IssuedCertificate? = nil) -> String {
            "client-certificate-data: \(Base64.encode(Array(issued.certificatePEM.utf8))), "
                + "client-key-data: \(Base64.encode(Array((key ?? issued).privateKeyPEM.utf8)))"
        }
    }

    @Test(
        "A client certificate in a kubeconfig, as data or as a file, is who we are; a wrong one is told by its context")
    func certificates() async throws {
        try await ControllerFixture.run { controller, _ in
            let text = try #require(readTextFile(controller.data + "/api/authority.pem"))
            let split = try #require(text.firstRange(of: "-----END CERTIFICATE-----\n")).upperBound
            let authority = try CertificateAuthority(
                certificatePEM: String(text[..<split]), privateKeyPEM: String(text[split...]))
            let foreign = try CertificateAuthority(commonName: "lodestone", lifetime: .seconds(3600))
            func alice(_ authority: CertificateAuthority, _ lifetime: Duration = .seconds(3600)) throws
                -> IssuedCertificate
            {
                try authority.issueClientCertificate(
                    commonName: "alice", organizations: ["lodestone:admins"], lifetime: lifetime)
            }
            let good = try alice(authority)
            var contexts = try Contexts(controller)
            try writeTextFile(contexts.directory.file("alice.crt"), good.certificatePEM)
            try writeTextFile(contexts.directory.file("alice.key"), good.privateKeyPEM, mode: 0o600)
            contexts.add("data", Contexts.data(good))
            contexts.add("files", "client-certificate: alice.crt, client-key: alice.key")
            contexts.add("foreign", Contexts.data(try alice(foreign)))
            contexts.add("expired", Contexts.data(try alice(authority, .seconds(-10))))
            contexts.add("mixed", Contexts.data(good, key: try alice(authority)))
            contexts.add("keyless", "client-certificate: alice.crt")
            contexts.add("nonsense", "client-certificate-data: bm9uc2Vuc2U=, client-key: alice.key")
            contexts.add("missing", "client-certificate: gone.crt, client-key: alice.key")
            try contexts.write()
            let path = contexts.path

            func get(_ context: String) async throws -> ChildProcess.Output {
                try await controller.lodestone("get", "ns", "-o", "name", "--kubeconfig", path, "--context", context)
            }
            for context in ["data", "files"] {
                let output = try await get(context)
                #expect(output.status == 0 && output.output == "namespace/default\n", "\(context): \(output)")
            }
            let made = contexts.directory.file("made.yaml")
            try writeTextFile(made, "apiVersion: v1\nkind: Namespace\nmetadata: {name: alices}\n")
            try await controller.succeed("apply", "-f", made, "--kubeconfig", path, "--context", "files")
            let audit = readTextFile(controller.data + "/audit/audit.log") ?? ""
            let written = audit.split(separator: "\n").first {
                $0.contains(#""verb":"create""#) && $0.contains(#""user":"alice""#)
            }
            #expect(written?.contains(#""by":"certificate"#) == true, "\(audit)")

            for (context, words) in [
                ("foreign", "not accepted"), ("expired", "not accepted"), ("mixed", "belongs to another certificate"),
                ("keyless", "there is no key with it"), ("nonsense", "certificate"), ("missing", "gone.crt"),
            ] {
                let output = try await get(context)
                #expect(output.status != 0 && output.output.isEmpty, "\(context): \(output)")
                #expect(output.errors.contains(words) && output.errors.contains(path), "\(context): \(output.errors)")
                if context != "missing" {
                    #expect(output.errors.contains("context \"\(context)\""), "\(output.errors)")
                }
                #expect(!output.errors.contains("PRIVATE KEY"))
            }
        }
    }
}
