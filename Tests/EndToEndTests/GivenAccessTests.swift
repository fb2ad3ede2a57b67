import Glibc
import TestSupport
import Testing

/// A kubeconfig that is made for somebody else, as that other meets it.
@Suite(.timeLimit(.minutes(5)))
struct GivenAccessTests {
    @Test("Somebody with a kubeconfig of their own may do what they were given, until the token is revoked")
    func kubeconfig() async throws {
        try await ControllerFixture.run { controller, _ in
            let directory = try TemporaryDirectory("access")
            let path = directory.file("alice.yaml")
            try await controller.succeed("kubeconfig", "--user", "alice", "--token-name", "alice", "--output", path)
            try await controller.apply(
                """
                apiVersion: lodestone.dev/v1alpha1
                kind: RoleBinding
                metadata: {name: alice-looks}
                spec: {role: viewer, subjects: [{kind: User, name: alice}]}
                """)
            let clusters = ["get", "ns", "-o", "name", "--kubeconfig", path]
            try await eventually("the role is known", timeout: .seconds(20)) {
                try await controller.lodestone(all: clusters).status == 0
            }
            #expect(try await controller.succeed(all: clusters) == "namespace/default\n")
            let refused = try await controller.lodestone("delete", "ns", "default", "--kubeconfig", path)
            #expect(refused.status == 1 && refused.errors.contains("not allowed"), "\(refused)")
            #expect(refused.errors.contains("alice"), "\(refused.errors)")

            if access("/usr/bin/kubectl", X_OK) == 0 {
                func kubectl(_ arguments: String...) async throws -> ChildProcess.Output {
                    try await ChildProcess.run(
                        "/usr/bin/kubectl", ["--kubeconfig", path] + arguments,
                        environment: ["PATH": "/usr/bin:/bin", "HOME": directory.path])
                }
                #expect(try await kubectl("get", "ns", "-o", "name").output == "namespace/default\n")
                #expect(try await kubectl("auth", "can-i", "delete", "ec").output.hasPrefix("no"))
                #expect(try await kubectl("auth", "can-i", "get", "ec").output == "yes\n")
            } else {
                print("kubectl is not installed: only lodestone has tried the kubeconfig")
            }

            try await controller.succeed("token", "revoke", "alice")
            try await eventually("the token is refused", timeout: .seconds(20)) {
                let output = try await controller.lodestone(all: clusters)
                return output.status == 1 && output.errors.contains("does not know us")
            }
            #expect(try await controller.succeed("token", "list").contains("Revoked"))
        }
    }

    @Test("A token with which nobody was given anything can do nothing")
    func nothing() async throws {
        try await ControllerFixture.run { controller, _ in
            let directory = try TemporaryDirectory("access")
            let token = try await controller.succeed("token", "create", "bob", "--user", "bob")
            let file = directory.file("token")
            try writeTextFile(file, token, mode: 0o600)
            try await controller.succeed("kubeconfig", "--token-file", file, "-o", directory.file("bob.yaml"))
            let refused = try await controller.lodestone("get", "ec", "--kubeconfig", directory.file("bob.yaml"))
            #expect(refused.status == 1 && refused.errors.contains("not allowed"), "\(refused)")
        }
    }
}
