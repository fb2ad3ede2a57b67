@testable import Client
import Model
import TestSupport
import Testing
import Transport

struct KubeconfigTests {
    private func kubeconfig(_ text: String, files: [String: String] = [:]) async throws -> Kubeconfig {
        try await withTemporaryDirectory { directory in
            try writeTextFile("\(directory)/kubeconfig", text)
            for (name, content) in files { try writeTextFile("\(directory)/\(name)", content) }
            return try Kubeconfig(named: "kubeconfig", in: TestSession(in: directory).session())
        }
    }

    private func text(server: String = "https://127.0.0.1:7443", cluster: String = "{}", user: String = "{}") -> String
    {
        """
        apiVersion: v1
        kind: Config
        current-context: c
        contexts: [{name: c, context: {cluster: k, user: u, namespace: team-a}}]
        clusters: [{name: k, cluster: \(cluster.dropLast())\(cluster == "{}" ? "" : ", ")server: "\(server)"}}]
        users: [{name: u, user: \(user)}]
        """
    }

    @Test("Certificates and tokens are read from inside the file and from files beside it")
    func complete() async throws {
        let inside = try await kubeconfig(
            text(
                cluster: "{certificate-authority-data: Q0E=, tls-server-name: n}",
                user: "{token: t, client-certificate-data: Q0VSVA==, client-key-data: S0VZ}"))
        #expect(inside.server == "https://127.0.0.1:7443")
        #expect(inside.namespace == "team-a")
        #expect(try await authorization(inside) == "Bearer t")
        let expected = TLSOptions(
            certificateAuthority: "CA", clientCertificate: "CERT", clientKey: "KEY", serverName: "n")
        #expect(inside.tls == expected)
        let beside = try await kubeconfig(
            text(
                server: "https://127.0.0.1:7443/fleet/x/", cluster: "{certificate-authority: ca.pem}",
                user: "{tokenFile: token}"), files: ["ca.pem": "CA\n", "token": "secret\n"])
        #expect(beside.prefix == "/fleet/x")
        #expect(beside.server == "https://127.0.0.1:7443")
        #expect(beside.tls?.certificateAuthority == "CA")
        guard case .tokenFile(_, "token") = beside.credential else { throw TestSupportError("\(beside.credential)") }
        #expect(inside.warnings.isEmpty && !inside.needsProof)
        let trusting = try await kubeconfig(text(cluster: "{insecure-skip-tls-verify: true}"))
        #expect(trusting.tls?.skipsVerification == true && trusting.warnings.count == 1)
    }

    private func authorization(_ kubeconfig: Kubeconfig) async throws -> String? {
        try await CredentialKeeper(kubeconfig.credential, in: TestSession().session()).authorization()
    }

    @Test(
        "What no controller takes is refused rather than left out",
        arguments: [
            ("{username: a, password: b}", "a user name and a password for \"u\""),
            ("{as: root}", "acts as somebody else"),
            ("{auth-provider: {name: oidc}}", "has an auth-provider"),
            (
                "{exec: {command: x, apiVersion: client.authentication.k8s.io/v1alpha1}}",
                "of version \"client.authentication"
            ),
            ("{exec: {apiVersion: client.authentication.k8s.io/v1}}", "without a command"),
        ])
    func refused(user: String, reason: String) async throws {
        let error = await #expect(throws: CommandFailure.self) { try await kubeconfig(text(user: user)) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
        #expect(error?.code == .unreachable)
    }

    @Test(
        "A broken kubeconfig is told with what it lacks",
        arguments: [
            ("", "is empty"), ("root:x:0:0:root:/root:/bin/bash", "is no kubeconfig: it holds no fields"),
            (
                "a: [",
                "is broken: line 2: this is not YAML: did not find expected node content while parsing a flow node in line 2"
            ),
            ("kind: Config", "has no current-context"), ("current-context: x", "has no context \"x\""),
            ("current-context: x\ncontexts: [{name: x, context: {cluster: y}}]", "has no cluster \"y\""),
            (
                "current-context: x\ncontexts: [{name: x, context: {cluster: y}}]\nclusters: [{name: y, cluster: {}}]",
                "names no server"
            ),
        ])
    func broken(text: String, reason: String) async {
        await #expect(throws: CommandFailure("the kubeconfig kubeconfig \(reason)", code: .unreachable)) {
            try await kubeconfig(text)
        }
    }

    @Test("A kubeconfig is looked for here, above, where kubectl has it, and in the service's own directory")
    func candidates() {
        func files(_ environment: [String: String], _ program: ProgramName = .lodestone) -> [String] {
            let session = TestSession(in: "/a/b", environment: environment, program: program)
            return KubeconfigPlace.candidates(named: nil, in: session.session())
                .map { $0.files.joined(separator: "+") + ($0.kind == .shared ? "?" : "") }
        }
        let nearby = ["/a/b/.lodestone/kubeconfig", "/a/.lodestone/kubeconfig", "/.lodestone/kubeconfig"]
        let service = "/var/lib/lodestone/kubeconfig"
        #expect(files([:]) == nearby + [service])
        #expect(files(["HOME": "/h"]) == nearby + [service, "/h/.kube/config?"])
        #expect(files(["HOME": "/h", "KUBECONFIG": "/x::/y"]) == nearby + ["/x+/y?", service])
        #expect(files(["HOME": "/h"], .plugin) == ["/h/.kube/config?"])
        #expect(files(["HOME": "/h", "KUBECONFIG": "/x"], .plugin) == ["/x?"])
        let named = KubeconfigPlace.candidates(named: "mine", in: TestSession().session())
        #expect(named == [KubeconfigPlace(files: ["mine"], kind: .named)])
    }
}
