import Client
import Crypto
import Model
import Store
import TestSupport
import Testing

/// The commands that talk to etcd themselves, against real etcd.
@Suite(.timeLimit(.minutes(10)))
struct EtcdCommandTests {
    private func run(_ line: String, _ code: ExitCode = .success, in directory: String = "/") async throws
        -> TestSession
    {
        let session = TestSession(in: directory, environment: ["LODESTONE_ETCD_PASSWORD": "secret"])
        let ended = await session.run(line)
        guard ended == code else {
            throw TestSupportError("lodestone \(line) ended with \(ended): \(session.errors)\(session.output)")
        }
        return session
    }

    @Test("Load fills a cluster, check finds it well, and a load beside foreign keys is refused")
    func loadAndCheck() async throws {
        try await withRealEtcd(members: 3) { etcd in
            let endpoint = etcd.endpoints[0]
            let loaded = try await run(
                "load --endpoints \(etcd.endpoints.joined(separator: ",")) --keys 3000 --value-bytes 200")
            #expect(loaded.output.hasPrefix("wrote 3000 keys ("))
            let check = try await run("check --endpoints \(endpoint)")
            for part in [
                "Leader", "Health  Healthy", "Consistency  Consistent", "3001 keys", "Findings      none", "HASH",
            ] {
                #expect(check.output.contains(part), "\(part) is missing in:\n\(check.output)")
            }
            // The same again is no harm, with or without a scheme.
            _ = try await run("load --endpoints \(endpoint.dropFirst("http://".count)) --keys 3000 --value-bytes 200")
            let foreign = try await run("load --endpoints \(endpoint) --prefix /registry/pods", .failure)
            #expect(foreign.errors.contains("holds keys under /registry/pods that are not samples"))
            _ = try await run("load --endpoints \(endpoint) --keys 10 --prefix /elsewhere")
            try await etcd.kill(2)
            let degraded = try await run("check --endpoints \(endpoint) --timeout 20s -o json", .findings)
            let report = try Value(json: degraded.output)
            #expect(report["members"]?.array?.map { $0["phase"] } == ["Running", "Running", "Unreachable"])
            let inspections = report["inspections"]?.array ?? []
            #expect(inspections.map { $0["type"] } == ["Health", "Consistency"])
            let named = (inspections.first?["findings"]?.array ?? []).compactMap { $0["members"]?.array?.first?.string }
            #expect(named == [etcd.members[2].name])
            _ = try await run("check --endpoints \(endpoint) --timeout 20s --fail-on never --only health")
            try await etcd.kill(1)
            let lost = try await run("check --endpoints \(endpoint) --timeout 3s --fail-on critical", .findings)
            #expect(lost.output.contains("QuorumLost"))
        }
        let gone = try await run("check --endpoints http://127.0.0.1:1 --timeout 2s", .unreachable)
        #expect(gone.output.contains("Health  Unknown"))
    }

    @Test("TLS, client certificates, user and password are taken from files and the environment")
    func secured() async throws {
        try await withTemporaryDirectory { directory in
            let authority = try CertificateAuthority(commonName: "test", lifetime: .seconds(3600))
            let server = try authority.issueServerCertificate(
                commonName: "etcd", hosts: ["127.0.0.1"], lifetime: .seconds(3600))
            let client = try authority.issueClientCertificate(commonName: "client", lifetime: .seconds(3600))
            let files = [
                "ca.crt": authority.certificatePEM, "server.crt": server.certificatePEM,
                "server.key": server.privateKeyPEM, "client.crt": client.certificatePEM,
                "client.key": client.privateKeyPEM, "password": "secret\n",
            ]
            for (name, text) in files { try writeTextFile("\(directory)/\(name)", text) }
            let tls = RealEtcd.TLS(
                authority: "\(directory)/ca.crt", certificate: "\(directory)/server.crt",
                key: "\(directory)/server.key", client: ("\(directory)/client.crt", "\(directory)/client.key"),
                requiresClientCertificate: true)
            try await withRealEtcd(tls: tls) { etcd in
                let access = "--endpoints \(etcd.endpoints[0]) --cacert ca.crt --cert client.crt --key client.key"
                _ = try await run("check \(access)", in: directory)
                let bare = try await run(
                    "check --endpoints \(etcd.endpoints[0]) --timeout 10s", .unreachable, in: directory)
                #expect(bare.output.contains("certificate"))
                // Users with the right to everything; from here on nobody gets in without a password.
                for arguments in [
                    ["user", "add", "root:secret"], ["user", "grant-role", "root", "root"], ["auth", "enable"],
                ] {
                    try await Self.etcdctl(etcd, arguments)
                }
                _ = try await run("load \(access) --keys 10", .failure, in: directory)
                _ = try await run("load \(access) --keys 10 --user root", in: directory)
                _ = try await run("load \(access) --keys 10 --user root --password-file password", in: directory)
                _ = try await run("check \(access) --user root", in: directory)
                let wrong = TestSession(in: directory)
                #expect(await wrong.run("load \(access) --keys 10 --user root") == .usage)
                #expect(wrong.errors.contains("LODESTONE_ETCD_PASSWORD"))
            }
        }
    }

    private static func etcdctl(_ etcd: RealEtcd, _ arguments: [String]) async throws {
        switch arguments.count {
        case 2: _ = try await etcd.etcdctl(arguments[0], arguments[1])
        case 3: _ = try await etcd.etcdctl(arguments[0], arguments[1], arguments[2])
        default: _ = try await etcd.etcdctl(arguments[0], arguments[1], arguments[2], arguments[3])
        }
    }

    @Test(
        "Options that do not go together are refused before anything is asked",
        arguments: [
            ("check", "name at least one member with \"--endpoints http://HOST:PORT\""),
            (
                "check --endpoints http://h:2379/x",
                "\"--endpoints\": endpoint \"http://h:2379/x\" must end after the port: remove the path or query"
            ),
            ("check --endpoints h:2379 --cert c", "\"--cert\" and \"--key\" go together"),
            (
                "check --endpoints http://h:2379 --insecure-skip-verify",
                "\"--endpoints\": http://h:2379 is not encrypted, but options for TLS are given"
            ),
            (
                "check --endpoints h:2379 --endpoint-map x",
                "\"--endpoint-map\": \"x\" is no pair; write http://advertised:2379=http://reachable:2379"
            ),
            (
                "check --endpoints h:2379 --user u",
                "\"--user\" needs \"--password-file\", or the password in LODESTONE_ETCD_PASSWORD"
            ),
            ("load", "name a cluster, or members with \"--endpoints\""),
            ("load orders --endpoints h:2379", "name either a cluster or \"--endpoints\", not both"),
            ("load orders --keys 0", "\"--keys\" must be between 1 and 100000000"),
        ])
    func mistakes(line: String, message: String) async throws {
        let session = TestSession()
        #expect(await session.run(line) == .usage)
        #expect(session.errors.hasPrefix("error: \(message)\n"), "\(session.errors)")
    }

    @Test("The members of a cluster are found by its record and its Secrets")
    func loadByRecord() async throws {
        let controller = try await ControllerFixture()
        try await withRealEtcd { etcd in
            try await controller.serving { _ in
                let spec = "provider: Imported\n  endpoints: [\"\(etcd.endpoints[0])\"]"
                _ = try await controller.run("apply -f -", input: Sample.cluster("imported", spec: spec))
                #expect(try await controller.run("load imported --keys 10").hasPrefix("wrote 10 keys"))
                let secured = Sample.cluster("secured", spec: spec + "\n  auth: {secretRef: {name: s}}")
                _ = try await controller.run("apply -f -", input: secured)
                let session = controller.session()
                #expect(await session.run("load secured --keys 10") == .failure)
                #expect(
                    session.errors
                        == "error: EtcdCluster \"secured\": spec.auth.secretRef: there is no Secret \"s\" in namespace \"default\"; apply one\n"
                )
                _ = try await controller.run("apply -f -", input: Sample.cluster("empty"))
                _ = try await controller.run("load empty --keys 10", .unreachable)
                _ = try await controller.run("load nope --keys 10", .failure)
            }
        }
    }
}
