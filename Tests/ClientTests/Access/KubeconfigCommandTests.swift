import API
@testable import Client
import Glibc
import Model
import TestSupport
import Testing
import Transport

struct KubeconfigCommandTests {
    @Test("A kubeconfig for somebody else is complete, private, and not written over another")
    func file() async throws {
        let fixture = try await ControllerFixture()
        try await fixture.serving { server in
            let path = fixture.directory.file("alice.yaml")
            let line = "kubeconfig --user alice --group ops -n red --token-name alice-laptop --output \(path)"
            #expect(try await fixture.run(line) == "")
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
            let written = try #require(readTextFile(path))
            for part in [
                "server: \(server.url)", "token: lodestone_", "namespace: red", "certificate-authority-data: ",
            ] {
                #expect(written.contains(part), "\(part)")
            }
            let record = try await fixture.run("get token alice-laptop -o json")
            #expect(record.contains(#""user": "alice""#))
            let again = fixture.session()
            #expect(await again.run(line) == .failure)
            #expect(again.errors.contains("is there already; --force writes over it"))
            #expect(readTextFile(path) == written)
        }
    }

    @Test("A kubeconfig with a token that is there serves lodestone and kubectl")
    func token() async throws {
        let fixture = try await ControllerFixture()
        try await fixture.serving { _ in
            let path = fixture.directory.file("k.yaml")
            let token = try #require(readTextFile(fixture.directory.file("api/admin.token")))
            _ = try await fixture.run("apply -f -", input: Sample.cluster("orders"))
            _ = try await fixture.run("kubeconfig --token-file - -o \(path)", input: token)
            let own = TestSession(environment: ["LODESTONE_KUBECONFIG": path])
            #expect(await own.run("get ec -o name") == .success)
            #expect(own.output == "etcdcluster/orders\n")
            guard
                let kubectl = (["/usr/bin/kubectl", "/usr/local/bin/kubectl"] as [String]).first(where: { path in
                    access(path, X_OK) == 0
                })
            else {
                print("kubectl is not installed: only lodestone has tried the kubeconfig")
                return
            }
            let shown = try await ChildProcess.run(
                kubectl, ["--kubeconfig", path, "get", "ec", "-o", "name"],
                environment: ["PATH": "/usr/bin:/bin", "HOME": fixture.directory.path])
            #expect(shown.output == "etcdcluster.lodestone.dev/orders\n", "\(shown.errors)")
        }
    }

    @Test("Tokens are called after users, whatever those are called")
    func names() throws {
        let now = try #require(Timestamp("2026-11-21T12:34:56Z"))
        #expect(KubeconfigCommand.name(of: "Alice B", at: now) == "alice-b-20261121-123456")
        #expect(KubeconfigCommand.name(of: "ci@build.example", at: now) == "ci-build-example-20261121-123456")
        #expect(KubeconfigCommand.name(of: "名前", at: now) == "20261121-123456")
    }
}
