import API
import Crypto
import Model
import Store
import TestSupport
import Testing

/// Nobody gives rights he does not hold himself, and what is built in stays.
@Suite(.timeLimit(.minutes(5)))
struct EscalationTests {
    /// Somebody who may write everything about access, but has no other right than to read backups everywhere and to
    /// read Secrets in `shop`.
    private static func fixture() async throws -> (APIFixture, String) {
        let api = try await APIFixture()
        let token = try await api.makeToken(
            "clerk", user: "clerk", groups: ["office"],
            rules: [
                RoleRule([.all], on: ["roles", "rolebindings", "accesstokens"]), RoleRule([.get], on: ["etcdbackups"]),
            ])
        _ = try await api.makeToken(
            "clerk-shop", user: "nobody", role: "clerk-shop", rules: [RoleRule([.get], on: ["secrets"])])
        _ = try await api.call(
            "POST", "\(Sample.group)/rolebindings",
            RoleBinding(
                name: "shop", role: "clerk-shop", subjects: [AccessSubject(.group, "office")], namespaces: ["shop"]
            ).document)
        _ = try await api.call(
            "POST", "\(Sample.group)/roles",
            Role(name: "backups", rules: [RoleRule([.get], on: ["etcdbackups"])]).document)
        return (api, token)
    }

    private static func role(_ name: String, _ rules: RoleRule...) -> Value {
        Role(name: name, rules: rules).document
    }

    @Test("A role may give what its writer holds and nothing else, however it is written")
    func roles() async throws {
        let (api, clerk) = try await Self.fixture()
        let path = "\(Sample.group)/roles"
        let own = Self.role("mine", RoleRule([.get], on: ["etcdbackups"], named: ["a"]))
        #expect(try await api.call("POST", path, own, token: clerk).status == 201)
        let more = Self.role("more", RoleRule([.get, .delete], on: ["etcdbackups"]))
        let refused = try await api.call("POST", path, more, token: clerk)
        #expect(refused.status == 403 && refused.reason == "Forbidden")
        #expect(
            refused.message
                == #"roles.lodestone.dev "more" is forbidden: user "clerk" (groups=["office" "system:authenticated"]) is attempting to grant RBAC permissions not currently held: delete on etcdbackups everywhere"#
        )
        // What is held in one namespace is not held everywhere, where a role may be bound.
        #expect(
            try await api.call("POST", path, Self.role("s", RoleRule([.get], on: ["secrets"])), token: clerk).status
                == 403)
        #expect(try await api.call("POST", "\(path)?dryRun=All", more, token: clerk).status == 403)
        for (method, type, body) in [
            ("PUT", "application/json", Self.role("mine", RoleRule([.all], on: ["*"]))),
            ("PATCH", "application/merge-patch+json", ["spec": ["rules": [["verbs": ["*"], "resources": ["*"]]]]]),
            (
                "PATCH", "application/json-patch+json",
                [["op": "replace", "path": "/spec/rules/0/verbs/0", "value": "*"]]
            ),
            (
                "PATCH", "application/strategic-merge-patch+json",
                ["spec": ["rules": [["verbs": ["*"], "resources": ["*"]]]]]
            ),
        ] as [(String, String, Value)] {
            let answer = try await api.call(method, "\(path)/mine", body, type: type, token: clerk)
            #expect(answer.status == 403, "\(method) \(type): \(answer.text)")
        }
        let labels: Value = ["metadata": ["labels": ["a": "b"]]]
        #expect(
            try await api.call("PATCH", "\(path)/mine", labels, type: "application/merge-patch+json", token: clerk)
                .status == 200)
        #expect(try await api.call("POST", path, more).status == 201)
        // Even what somebody else made is only changed by who holds it.
        #expect(
            try await api.call("PATCH", "\(path)/more", labels, type: "application/merge-patch+json", token: clerk)
                .status == 200)
        let less: Value = ["spec": ["rules": [["verbs": ["delete"], "resources": ["etcdbackups"]]]]]
        #expect(
            try await api.call("PATCH", "\(path)/more", less, type: "application/merge-patch+json", token: clerk).status
                == 403)
    }

    @Test("A server-side apply gives nothing either, and makes nothing without the right to create")
    func applying() async throws {
        let (api, clerk) = try await Self.fixture()
        let patcher = try await api.makeToken(
            "patcher", user: "pat", rules: [RoleRule([.get, .patch], on: ["etcdclusters"])])
        func apply(_ path: String, _ body: Value, _ token: String) async throws -> APIFixture.Answer {
            try await api.call(
                "PATCH", "\(path)?fieldManager=test&force=true", body, type: "application/apply-patch+yaml",
                token: token)
        }
        let everything = Self.role("r", RoleRule([.all], on: ["*"]))
        #expect(try await apply("\(Sample.group)/roles/r", everything, clerk).status == 403)
        let own = Self.role("r", RoleRule([.get], on: ["etcdbackups"]))
        #expect(try await apply("\(Sample.group)/roles/r", own, clerk).status == 201)
        #expect(try await apply("\(Sample.group)/roles/r", everything, clerk).status == 403)
        #expect(
            try await apply(
                "\(Sample.group)/roles/viewer", Self.role("viewer", RoleRule([.all], on: ["*"])), APIFixture.token
            ).status == 403)

        let refused = try await apply("\(Sample.clusters)/demo", Sample.cluster("demo"), patcher)
        #expect(refused.status == 403 && refused.message.contains("cannot create resource"), "\(refused.message)")
        _ = try await api.call("POST", Sample.clusters, Sample.cluster("demo"))
        #expect(try await apply("\(Sample.clusters)/demo", Sample.cluster("demo"), patcher).status == 200)
        #expect(try await api.call("DELETE", "\(Sample.clusters)/demo", token: patcher).status == 403)
    }

    @Test("A version that is still to come does not get a write past the rules")
    func versionToCome() async throws {
        let (api, clerk) = try await Self.fixture()
        let made = try await api.call(
            "POST", "\(Sample.group)/roles", Self.role("r", RoleRule([.get], on: ["etcdbackups"])), token: clerk)
        let version = try #require(made.json[path: "metadata", "resourceVersion"]?.string.flatMap { Int($0) })
        for ahead in [1, 2, 1_000] {
            let everything = Self.role("r", RoleRule([.all], on: ["*"]))
                .merging(patch: ["metadata": ["resourceVersion": .string(String(version + ahead))]])
            #expect(try await api.call("PUT", "\(Sample.group)/roles/r", everything, token: clerk).status == 409)
        }
    }

    @Test("A role is bound by who holds it where it is bound")
    func bindings() async throws {
        let (api, clerk) = try await Self.fixture()
        let path = "\(Sample.group)/rolebindings"
        func bind(_ role: String, in namespaces: [String] = []) async throws -> APIFixture.Answer {
            try await api.call(
                "POST", "\(path)?dryRun=All",
                RoleBinding(name: "b", role: role, subjects: [AccessSubject(.user, "clerk")], namespaces: namespaces)
                    .document,
                token: clerk)
        }
        #expect(try await bind("backups").status == 201)
        #expect(try await bind("clerk-shop", in: ["shop"]).status == 201)
        #expect(try await bind("clerk-shop").status == 403)
        #expect(try await bind("clerk-shop", in: ["shop", "other"]).status == 403)
        for role in ["viewer", "operator", "admin"] {
            #expect(try await bind(role).status == 403)
            #expect(try await bind(role, in: ["shop"]).status == 403)
        }
        // Whoever makes the role later would give it unknowingly.
        #expect(try await bind("to-come").status == 403)
        let warned = try await api.call(
            "POST", path, RoleBinding(name: "later", role: "to-come", subjects: []).document)
        #expect(warned.status == 201 && warned.header("Warning")?.contains("gives nothing") == true)
    }

    @Test("A token for somebody else is made by who may do everything, one for oneself by its user")
    func tokens() async throws {
        let (api, clerk) = try await Self.fixture()
        let path = "\(Sample.group)/accesstokens"
        func token(_ user: String, _ groups: [String]) -> Value {
            var record = AccessToken()
            record.metadata = ObjectMeta(name: "t", namespace: "")
            record.spec.user = user
            record.spec.groups = groups
            record.spec.digest = BearerSecret.digest(of: BearerSecret.make())
            return record.document
        }
        for (user, groups, status) in [
            ("clerk", ["office"], 201), ("clerk", [], 201), ("clerk", ["lodestone:admins"], 403),
            ("clerk", ["dbas"], 403),
            ("unknown", [], 403), ("admin", [], 403),
        ] {
            let answer = try await api.call("POST", "\(path)?dryRun=All", token(user, groups), token: clerk)
            #expect(answer.status == status, "\(user) \(groups): \(answer.text)")
        }
        #expect(try await api.call("POST", path, token("anybody", ["lodestone:admins"])).status == 201)
    }

    @Test("Who a token stands for cannot change, nor that it was revoked, and no two have one digest")
    func immutable() async throws {
        let (api, _) = try await Self.fixture()
        let path = "\(Sample.group)/accesstokens"
        let secret = try await api.makeToken("t", user: "u", groups: ["g"])
        func patch(_ spec: Value) async throws -> APIFixture.Answer {
            try await api.call("PATCH", "\(path)/t", ["spec": spec], type: "application/merge-patch+json")
        }
        for (field, value) in [
            ("user", "v"), ("groups", ["g", "h"]), ("digest", .string(String(repeating: "0", count: 64))),
        ] as [(String, Value)] {
            let refused = try await patch([field: value])
            #expect(refused.status == 422, "\(field)")
            #expect(refused.json[path: "details", "causes"]?.array?.first?["field"] == .string("spec.\(field)"))
        }
        #expect(try await patch(["expires": "2100-01-01T00:00:00Z"]).status == 200)
        #expect(try await patch(["revoked": true]).status == 200)
        #expect(try await patch(["revoked": false]).status == 422)
        for digest in [BearerSecret.digest(of: secret), BearerSecret.digest(of: APIFixture.token)] {
            var twin = AccessToken()
            twin.metadata = ObjectMeta(name: "twin", namespace: "")
            twin.spec.user = "u"
            twin.spec.digest = digest
            let refused = try await api.call("POST", path, twin.document)
            #expect(refused.status == 422 && refused.message.contains("another token has it"))
        }
    }

    @Test(
        "What is built in is made at the start, put right, and changed by nobody",
        arguments: ["viewer", "operator", "admin"])
    func builtIn(name: String) async throws {
        let (api, _) = try await Self.fixture()
        try await BuiltInRoles.restore(in: api.store)
        let path = "\(Sample.group)/roles/\(name)"
        let found = try await api.call("GET", path).json
        #expect(found[path: "metadata", "labels", Role.builtInLabel] == "true")
        for (method, type, body) in [
            ("PUT", "application/json", found), ("DELETE", "application/json", [:]),
            ("PATCH", "application/merge-patch+json", ["metadata": ["labels": ["a": "b"]]]),
            ("PATCH", "application/merge-patch+json", ["spec": ["rules": [["verbs": ["get"], "paths": ["/x"]]]]]),
        ] as [(String, String, Value)] {
            let answer = try await api.call(method, path, body, type: type)
            #expect(
                answer.status == 403 && answer.message.contains("comes with the program"), "\(method): \(answer.text)")
        }
        #expect(try await api.call("DELETE", "\(Sample.group)/roles").status == 403)
        var spoilt = try await api.store.get(Role.self, named: name)
        spoilt.spec.rules = [RoleRule([.all], on: ["*"])]
        spoilt.metadata.labels = [:]
        try await api.store.update(spoilt)
        try await BuiltInRoles.restore(in: api.store)
        #expect(try await api.call("GET", path).json["spec"] == found["spec"])
        let claim = try await api.call(
            "POST", "\(Sample.group)/roles",
            ["metadata": ["name": "mine", "labels": [Role.builtInLabel: "true"]], "spec": ["rules": []]])
        #expect(claim.status == 422)
    }
}
