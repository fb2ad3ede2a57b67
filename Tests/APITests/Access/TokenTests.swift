import API
import Crypto
import Model
import Store
import Synchronization
import TestSupport
import Testing
import Transport

/// Tokens from their making to their end, for single requests and for streams that are open.
@Suite(.timeLimit(.minutes(5)))
struct TokenTests {
    private static func patch(_ api: APIFixture, _ path: String, _ body: Value) async throws {
        let answer = try await api.call("PATCH", "\(Sample.group)/\(path)", body, type: "application/merge-patch+json")
        #expect(answer.status == 200, "\(answer.message)")
    }

    @Test("A token works from the moment it is made until the moment it is revoked or removed")
    func atOnce() async throws {
        let api = try await APIFixture()
        for round in 0..<20 {
            let secret = try await api.makeToken("t\(round)", user: "vera", role: round == 0 ? "viewer" : nil)
            #expect(try await api.call("GET", Sample.clusters, token: secret).status == 200)
            if round % 2 == 0 {
                try await Self.patch(api, "accesstokens/t\(round)", ["spec": ["revoked": true]])
            } else {
                #expect(try await api.call("DELETE", "\(Sample.group)/accesstokens/t\(round)").status == 200)
            }
            let refused = try await api.call("GET", Sample.clusters, token: secret)
            #expect(refused.status == 401, "round \(round)")
            #expect(refused.message.contains("revoked") == (round % 2 == 0))
        }
    }

    @Test("A right ends with its binding, and with its role")
    func rights() async throws {
        let api = try await APIFixture()
        let token = try await api.makeToken(
            "t", user: "u", role: "own", rules: [RoleRule([.list], on: ["etcdclusters"])])
        #expect(try await api.call("GET", Sample.clusters, token: token).status == 200)
        #expect(try await api.call("DELETE", "\(Sample.group)/roles/own").status == 200)
        let orphaned = try await api.call("GET", Sample.clusters, token: token)
        #expect(
            orphaned.status == 403 && orphaned.message.hasSuffix(#": RBAC: role "own" not found"#),
            "\(orphaned.message)")
        _ = try await api.call(
            "POST", "\(Sample.group)/roles",
            Role(name: "own", rules: [RoleRule([.list], on: ["etcdclusters"])]).document)
        #expect(try await api.call("GET", Sample.clusters, token: token).status == 200)
        #expect(try await api.call("DELETE", "\(Sample.group)/rolebindings/t").status == 200)
        let refused = try await api.call("GET", Sample.clusters, token: token)
        #expect(
            refused.message
                == #"etcdclusters.lodestone.dev is forbidden: User "u" cannot list resource "etcdclusters" in API group "lodestone.dev" in the namespace "default""#
        )
    }

    @Test("A token expires by the clock, and a record made with one that has expired is of no use")
    func expiry() async throws {
        let clock = Mutex(Timestamp(secondsSinceEpoch: 1_795_237_200))
        let api = try await APIFixture { $0.now = { clock.withLock { $0 } } }
        let token = try await api.makeToken(
            "t", user: "u", role: "viewer", expires: Timestamp(secondsSinceEpoch: 1_795_237_260))
        #expect(try await api.call("GET", Sample.clusters, token: token).status == 200)
        clock.withLock { $0 = Timestamp(secondsSinceEpoch: 1_795_237_260) }
        let refused = try await api.call("GET", Sample.clusters, token: token)
        #expect(refused.status == 401 && refused.message.contains("has expired"))
    }

    @Test("Names and passwords are refused with a word, and nobody acts as somebody else")
    func otherWays() async throws {
        let api = try await APIFixture()
        let basic = try await api.call("GET", "/api", headers: ["Authorization": "Basic YTpi"])
        #expect(basic.status == 401 && basic.message.contains("passwords are not taken"))
        #expect(basic.header("WWW-Authenticate") == "Bearer")
        for header in ["Impersonate-User", "impersonate-group", "Impersonate-Uid", "Impersonate-Extra-Scopes"] {
            let refused = try await api.call("GET", "/api", headers: [header: "eve"])
            #expect(refused.status == 403 && refused.message.contains("impersonation"))
        }
    }

    @Test("The secret of a token is nowhere in the store")
    func secret() async throws {
        let api = try await APIFixture()
        let secret = try await api.makeToken("t", user: "u")
        let record = try await api.call("GET", "\(Sample.group)/accesstokens/t")
        #expect(!record.text.contains(secret) && record.text.contains(BearerSecret.digest(of: secret)))
        // The digest is not the secret.
        #expect(try await api.call("GET", "/api", token: BearerSecret.digest(of: secret)).status == 401)
    }

    /// A watch that is open on the real server.
    private static func watch(
        _ server: APIServer, _ path: String, _ token: String, _ body: (ChildProcess, () -> String) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory("token-watch")
        let process = try await ChildProcess.start(
            "/usr/bin/curl",
            ["-sSN", "--noproxy", "*", "-H", "Authorization: Bearer \(token)", "\(server.url)\(path)"],
            output: directory.file("out"))
        defer { process.signal(9) }
        try await body(process) { readTextFile(directory.file("out")) ?? "" }
    }

    @Test("A stream that is open ends with its token", arguments: ["revoked", "removed", "expired"])
    func streams(how: String) async throws {
        let clock = Mutex(Timestamp(secondsSinceEpoch: 1_795_237_200))
        let api = try await APIFixture { $0.now = { clock.withLock { $0 } } }
        let token = try await api.makeToken(
            "t", user: "u", role: "viewer", expires: Timestamp(secondsSinceEpoch: 1_795_237_260))
        let other = try await api.makeToken("o", user: "u")
        _ = try await api.call("POST", Sample.clusters, Sample.cluster("demo"))
        try await api.serving { server in
            try await Self.watch(server, "\(Sample.clusters)?watch=true", token) { process, output in
                try await eventually("the watch is open") { output().contains("ADDED") }
                switch how {
                case "revoked": try await Self.patch(api, "accesstokens/t", ["spec": ["revoked": true]])
                case "removed": _ = try await api.call("DELETE", "\(Sample.group)/accesstokens/t")
                default: clock.withLock { $0 = Timestamp(secondsSinceEpoch: 1_795_237_260) }
                }
                try await process.waitForExit(timeout: .seconds(20))
                let last = try Value(json: Array((output().split(separator: "\n").last ?? "").utf8))
                #expect(last["type"] == "ERROR" && last[path: "object", "code"] == 401, "\(output())")
            }
            // Another token of the same user goes on.
            try await Self.watch(server, "\(Sample.clusters)?watch=true", other) { _, output in
                try await eventually("the other watch is open") { output().contains("ADDED") }
            }
        }
    }

    @Test("A stream that is open ends with the right to it, and no other")
    func streamRights() async throws {
        let api = try await APIFixture()
        let token = try await api.makeToken("t", user: "u", role: "viewer")
        let stays = try await api.makeToken("s", user: "v", role: "viewer")
        _ = try await api.call("POST", Sample.clusters, Sample.cluster("demo"))
        try await api.serving { server in
            try await Self.watch(server, "\(Sample.clusters)?watch=true", stays) { other, others in
                try await Self.watch(server, "\(Sample.clusters)?watch=true", token) { process, output in
                    try await eventually("both watches are open") {
                        output().contains("ADDED") && others().contains("ADDED")
                    }
                    _ = try await api.call("DELETE", "\(Sample.group)/rolebindings/t")
                    try await process.waitForExit(timeout: .seconds(20))
                    let last = try Value(json: Array((output().split(separator: "\n").last ?? "").utf8))
                    #expect(last["type"] == "ERROR" && last[path: "object", "code"] == 403, "\(output())")
                }
                _ = try await api.call("POST", Sample.clusters, Sample.cluster("later"))
                try await eventually("the other watch goes on") { others().contains("later") }
            }
        }
    }

    @Test("A watch of Secrets shows masks, and values to who may see them, by the rights of the moment")
    func maskedStream() async throws {
        let api = try await APIFixture()
        let rules = [
            RoleRule([.get, .list, .watch], on: ["secrets"]), RoleRule([.reveal], on: ["secrets"], named: ["open"]),
        ]
        let token = try await api.makeToken("t", user: "u", rules: rules)
        for name in ["closed", "open"] {
            _ = try await api.call("POST", Sample.secrets, Sample.secret(name))
        }
        try await api.serving { server in
            try await Self.watch(server, "\(Sample.secrets)?watch=true", token) { _, output in
                try await eventually("both are there") {
                    output().split(separator: "\n").count { $0.contains("ADDED") } == 2
                }
                let lines = output().split(separator: "\n")
                #expect(lines.contains { $0.contains("\"open\"") && $0.contains("c2VjcmV0") })
                #expect(lines.contains { $0.contains("\"closed\"") && !$0.contains("c2VjcmV0") })
                let less: Value = ["spec": ["rules": [["verbs": ["get", "list", "watch"], "resources": ["secrets"]]]]]
                try await Self.patch(api, "roles/t", less)
                try await eventually("the server knows") {
                    try await ChildProcess.run(
                        "/usr/bin/curl",
                        [
                            "-sS", "--noproxy", "*", "-H", "Authorization: Bearer \(token)",
                            "\(server.url)\(Sample.secrets)/open",
                        ]
                    ).output.contains("c2VjcmV0") == false
                }
                _ = try await api.call(
                    "PUT", "\(Sample.secrets)/open", Sample.secret("open", ["data": ["password": "bmV1ZXM="]]))
                try await eventually("the change is told") { output().contains("MODIFIED") }
                #expect(!output().contains("bmV1ZXM="))
            }
        }
    }
}
