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
            return try Kubeconfig(
                path: "kubeconfig",
                session: Session(
                    console: Console(
                        output: { (_) throws(Console.OutputClosed) in }, errors: { (_) throws(Console.OutputClosed) in }
                    ),
                    workingDirectory: directory))
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
        #expect(inside.authorization == "Bearer t")
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
        #expect(beside.authorization == "Bearer secret")
        let basic = try await kubeconfig(text(user: "{username: a, password: b}"))
        #expect(basic.authorization == "Basic YTpi")
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

    @Test("A kubeconfig is looked for here, above, and in the service's own directory")
    func candidates() {
        let session = Session(
            console: Console(
                output: { (_) throws(Console.OutputClosed) in }, errors: { (_) throws(Console.OutputClosed) in }),
            workingDirectory: "/a/b")
        #expect(
            Kubeconfig.candidates(in: session) == [
                "/a/b/.lodestone/kubeconfig", "/a/.lodestone/kubeconfig", "/.lodestone/kubeconfig",
                "/var/lib/lodestone/kubeconfig",
            ])
    }
}
