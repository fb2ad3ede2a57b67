import API
import Crypto
import Glibc
import Model
import TestSupport
import Testing
import Transport

/// What users are told about themselves, asked by hand and by the real kubectl.
@Suite(.timeLimit(.minutes(5)))
struct SelfReviewTests {
    private static let access = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    private static let rules = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    private static let identity = "/apis/authentication.k8s.io/v1/selfsubjectreviews"

    @Test("Whether somebody may do something is answered as it would be done")
    func access() async throws {
        let api = try await APIFixture()
        let token = try await api.makeToken(
            "t", user: "u", namespaces: ["shop"],
            rules: [RoleRule([.get], on: ["etcdclusters"]), RoleRule([.get], at: ["/x"])])
        func may(_ spec: Value, _ token: String) async throws -> Value? {
            let answer = try await api.call("POST", Self.access, ["spec": spec], token: token)
            #expect(answer.status == 201 && answer.json["kind"] == "SelfSubjectAccessReview", "\(answer.text)")
            #expect(answer.json["spec"] == spec)
            return answer.json[path: "status", "allowed"]
        }
        func clusters(_ verb: String, _ namespace: String) -> Value {
            [
                "resourceAttributes": [
                    "verb": .string(verb), "group": "lodestone.dev", "resource": "etcdclusters",
                    "namespace": .string(namespace),
                ]
            ]
        }
        #expect(try await may(clusters("get", "shop"), token) == true)
        #expect(try await may(clusters("get", "other"), token) == false)
        #expect(try await may(clusters("get", ""), token) == false)
        #expect(try await may(clusters("delete", "shop"), token) == false)
        #expect(try await may(["nonResourceAttributes": ["verb": "get", "path": "/x"]], token) == false)
        #expect(
            try await may(["resourceAttributes": ["verb": "*", "group": "*", "resource": "*"]], APIFixture.token)
                == true)
        #expect(try await may(["resourceAttributes": ["verb": "*", "group": "*", "resource": "*"]], token) == false)
        for body in [
            ["spec": [:]], [:], ["kind": "Pod"], ["spec": ["resourceAttributes": [:], "nonResourceAttributes": [:]]],
        ] as [Value] {
            let answer = try await api.call("POST", Self.access, body, token: token)
            #expect([400, 422].contains(answer.status), "\(answer.text)")
        }
        #expect(try await api.call("GET", Self.access, token: token).status == 405)
    }

    @Test("Questions may come in protobuf, as kubectl asks them since 1.32")
    func protobuf() async throws {
        let api = try await APIFixture()
        let question =
            "6b3873000a320a17617574686f72697a6174696f6e2e6b38732e696f2f7631121753656c665375626a65637441636365737352657669657712550a100a0012001a0022002a0032003800420012370a350a0764656661756c7412066372656174651a0e657463642e666c6565742e64657622002a0c65746364636c75737465727332003a001a08080012001a0020001a002200"
        let bytes = try #require(Hex.decode(question))
        let answer = try await api.call("POST", Self.access, bytes: bytes, type: "application/vnd.kubernetes.protobuf")
        #expect(answer.status == 201 && answer.json[path: "status", "allowed"] == true, "\(answer.text)")
        #expect(answer.json[path: "spec", "resourceAttributes", "resource"] == "etcdclusters")
    }

    @Test("Who somebody is, and by which token")
    func identity() async throws {
        let api = try await APIFixture()
        let token = try await api.makeToken("ci", user: "robot", groups: ["build"])
        let info = try await api.call("POST", Self.identity, [:], token: token).json[path: "status", "userInfo"]
        #expect(info?["username"] == "robot" && info?["groups"] == ["build", "system:authenticated"])
        #expect(info?["uid"]?.string?.isEmpty == false && info?[path: "extra", "lodestone.dev/token"] == ["ci"])
        let admin = try await api.call("POST", Self.identity, [:]).json[path: "status", "userInfo"]
        #expect(admin?["username"] == "admin" && admin?["groups"] == ["lodestone:admins", "system:authenticated"])
    }

    @Test("kubectl asks what somebody may do and who he is", arguments: ["28", "33"])
    func kubectl(minor: String) async throws {
        let path = "/usr/lib/google-cloud-sdk/bin/kubectl.1.\(minor)"
        guard Glibc.access(path, X_OK) == 0 else {
            print("kubectl 1.\(minor) is not on this machine; skipped")
            return
        }
        let directory = try TemporaryDirectory("auth")
        let credentials = try APICredentials(in: directory.path, hosts: ["127.0.0.1"])
        let api = try await APIFixture { options in
            options.tokens = BearerTokens([(credentials.adminToken, "admin"), (APIFixture.token, "admin")])
            options.listener.tls = try? ServerFiles(certificate: nil, key: nil, clientAuthority: nil).tls(
                or: credentials)
        }
        let vera = try await api.makeToken("vera", user: "vera", groups: ["ops"], role: "viewer")
        try await api.serving { server in
            try credentials.writeKubeconfig(url: server.url)
            func run(_ arguments: String..., token: String? = nil) async throws -> ChildProcess.Output {
                try await ChildProcess.run(
                    path,
                    arguments + (token.map { ["--token", $0] } ?? []) + ["--cache-dir", directory.file("cache")],
                    environment: [
                        "PATH": "/usr/bin:/bin", "HOME": directory.path, "KUBECONFIG": credentials.kubeconfigPath,
                    ])
            }
            let yes = try await run("auth", "can-i", "create", "etcdclusters")
            #expect(yes.status == 0 && yes.output.hasPrefix("yes"), "\(yes)")
            let no = try await run("auth", "can-i", "delete", "ec/demo", token: vera)
            #expect(no.status == 1 && no.output.hasPrefix("no"), "\(no)")
            #expect(try await run("auth", "can-i", "list", "ec", "-A", token: vera).output.hasPrefix("yes"))
            #expect(try await run("auth", "can-i", "get", "/metrics", token: vera).output.hasPrefix("yes"))
            #expect(try await run("auth", "can-i", "*", "*", token: vera).output.hasPrefix("no"))
            #expect(try await run("auth", "can-i", "*", "*").output.hasPrefix("yes"))
            let list = try await run("auth", "can-i", "--list", token: vera)
            #expect(list.output.contains("etcdclusters.lodestone.dev") && list.output.contains("/metrics"), "\(list)")
            #expect(!list.output.contains("accesstokens"))
            let who = try await run("auth", "whoami", token: vera)
            #expect(who.output.contains("vera") && who.output.contains("[ops system:authenticated]"), "\(who)")
            let forbidden = try await run("delete", "ec", "demo", token: vera)
            #expect(
                forbidden.errors
                    == #"Error from server (Forbidden): etcdclusters.lodestone.dev "demo" is forbidden: User "vera" cannot delete resource "etcdclusters" in API group "lodestone.dev" in the namespace "default""#
                    + "\n")
            let stranger = try await run("get", "ec", token: "wrong")
            #expect(
                stranger.status == 1 && stranger.errors.contains("You must be logged in to the server"), "\(stranger)")
            let roles = try await run("get", "roles,rolebindings,accesstokens")
            #expect(
                roles.output.contains("rolebinding.lodestone.dev/vera") && roles.output.contains("Active"), "\(roles)")
            let acting = try await run("get", "ec", "--as", "eve")
            #expect(acting.status == 1 && acting.errors.contains("impersonation is not supported"), "\(acting)")
        }
    }
}
