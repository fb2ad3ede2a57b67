@testable import API
import Model
import TestSupport
import Testing

/// Who may do what, judged without a server.
struct AccessPolicyTests {
    private static let policy = AccessPolicy(
        roles: [
            Role(
                name: "keeper",
                rules: [
                    RoleRule([.get, .create], on: ["etcdbackups"]), RoleRule([.get], at: ["/metrics", "/debug/*"]),
                ]),
            Role(name: "one", rules: [RoleRule([.all], on: ["secrets"], named: ["db"])]),
            Role(name: "parts", rules: [RoleRule([.patch], on: ["etcdclusters/scale", "*/status"])]),
            // A record that claims the name of a role that is built in is not heard.
            Role(name: "viewer", rules: [RoleRule([.all], on: ["*"])]),
        ],
        bindings: [
            RoleBinding(name: "a", role: "keeper", subjects: [AccessSubject(.user, "kim")]),
            RoleBinding(name: "b", role: "one", subjects: [AccessSubject(.group, "dbas")], namespaces: ["shop"]),
            RoleBinding(name: "c", role: "parts", subjects: [AccessSubject(.user, "pat")]),
            RoleBinding(name: "d", role: "viewer", subjects: [AccessSubject(.user, "vic")]),
            RoleBinding(name: "e", role: "lost", subjects: [AccessSubject(.user, "lou")]),
            RoleBinding(name: "f", role: "admin", subjects: [AccessSubject(.user, "ned")], namespaces: ["shop"]),
        ])

    private static func may(
        _ user: String, _ groups: [String], _ verb: String, _ resource: String, in namespace: String = "shop",
        _ name: String = "", group: String? = nil
    ) -> Bool {
        let parts = resource.split(separator: "/").map(String.init)
        let known = RegisteredKind.all.first { $0.kind.plural == parts[0] }?.kind.group
        return policy.decide(
            user: user, groups: groups,
            AccessAttributes(
                verb, group: group ?? known ?? "", plural: parts[0], subresource: parts.count > 1 ? parts[1] : "",
                namespace: namespace, name: name)
        ).isAllowed
    }

    private static func may(
        _ user: String, _ verb: String, _ resource: String, in namespace: String = "shop", _ name: String = "",
        group: String? = nil
    ) -> Bool {
        may(user, [], verb, resource, in: namespace, name, group: group)
    }

    @Test("A rule allows its verbs on its resources, by name where it names any, in its namespaces")
    func rules() {
        #expect(Self.may("kim", "get", "etcdbackups", in: ""))
        #expect(Self.may("kim", "create", "etcdbackups", "x"))
        #expect(!Self.may("kim", "delete", "etcdbackups", "x"))
        #expect(!Self.may("kim", "get", "etcdclusters"))
        #expect(!Self.may("kim", "get", "etcdbackups/status"))
        #expect(!Self.may("Kim", "get", "etcdbackups"))
        #expect(Self.may("x", ["dbas"], "reveal", "secrets", in: "shop", "db"))
        #expect(!Self.may("x", ["dbas"], "reveal", "secrets", in: "shop", "web"))
        #expect(!Self.may("x", ["dbas"], "list", "secrets", in: "shop"))
        #expect(!Self.may("x", ["dbas"], "reveal", "secrets", in: "other", "db"))
        #expect(!Self.may("x", ["dbas"], "reveal", "secrets", in: "", "db"))
        #expect(!Self.may("dbas", [], "reveal", "secrets", in: "shop", "db"))
        #expect(Self.may("pat", "patch", "etcdclusters/scale") && Self.may("pat", "patch", "namespaces/status", in: ""))
        #expect(!Self.may("pat", "patch", "etcdclusters") && !Self.may("pat", "update", "etcdclusters/status"))
    }

    @Test("A plural of another API group is not what a rule means")
    func groups() {
        #expect(!Self.may("kim", "get", "etcdbackups", group: "other.dev"))
        #expect(!Self.may("vic", "get", "secrets", group: "lodestone.dev"))
        #expect(Self.may("ned", "get", "pods", in: "shop", group: "any"))
    }

    @Test("A role of the program's is the program's, whatever a record says")
    func builtIn() {
        #expect(Self.may("vic", "get", "secrets") && !Self.may("vic", "reveal", "secrets"))
        #expect(!Self.may("vic", "get", "accesstokens", in: "") && !Self.may("vic", "delete", "etcdclusters"))
    }

    @Test("A binding in a namespace gives nothing beyond it")
    func namespaces() {
        #expect(Self.may("ned", "delete", "secrets", in: "shop") && !Self.may("ned", "delete", "secrets", in: "other"))
        #expect(!Self.may("ned", "list", "secrets", in: ""))
        #expect(!Self.may("ned", "get", "namespaces", in: "", "shop"))
        #expect(!Self.policy.decide(user: "ned", groups: [], AccessAttributes("get", path: "/metrics")).isAllowed)
    }

    @Test("The group of the data directory's token may do everything, whatever the records say")
    func admins() {
        let empty = AccessPolicy()
        for wish in [
            AccessAttributes("delete", group: "lodestone.dev", plural: "roles", name: "admin"),
            AccessAttributes("get", path: "/anything"),
        ] {
            #expect(empty.decide(user: "x", groups: ["lodestone:admins"], wish).isAllowed)
            #expect(!empty.decide(user: "lodestone:admins", groups: ["lodestone"], wish).isAllowed)
        }
    }

    @Test(
        "Paths are matched whole, or by what stands before a star",
        arguments: [
            ("/metrics", true), ("/metrics/", false), ("/metric", false), ("/debug/", true), ("/debug/x/y", true),
            ("/debug", false), ("/", false),
        ])
    func paths(path: String, isAllowed: Bool) {
        #expect(Self.policy.decide(user: "kim", groups: [], AccessAttributes("get", path: path)).isAllowed == isAllowed)
        #expect(!Self.policy.decide(user: "kim", groups: [], AccessAttributes("post", path: path)).isAllowed)
    }

    @Test("Refusals are worded as Kubernetes words them")
    func words() {
        let wish = AccessAttributes(.delete, EtcdCluster.kind, namespace: "default", name: "x")
        #expect(
            wish.refusal(of: "u").message
                == #"etcdclusters.lodestone.dev "x" is forbidden: User "u" cannot delete resource "etcdclusters" in API group "lodestone.dev" in the namespace "default""#
        )
        #expect(
            AccessAttributes(.list, Secret.kind).refusal(of: "u").message
                == #"secrets is forbidden: User "u" cannot list resource "secrets" in API group "" at the cluster scope"#
        )
        #expect(
            AccessAttributes(.patch, EtcdCluster.kind, namespace: "a", name: "x", subresource: "status").refusal(
                of: "u"
            ).message
                == #"etcdclusters.lodestone.dev "x" is forbidden: User "u" cannot patch resource "etcdclusters/status" in API group "lodestone.dev" in the namespace "a""#
        )
        #expect(
            AccessAttributes("get", path: "/metrics").refusal(of: "u").message
                == #"forbidden: User "u" cannot get path "/metrics""#)
        guard case .denied(let reason) = Self.policy.decide(user: "lou", groups: [], wish) else {
            Issue.record("allowed")
            return
        }
        #expect(reason == #"RBAC: role "lost" not found"#)
        #expect(
            Self.policy.decide(user: "kim", groups: [], AccessAttributes(.get, EtcdBackup.kind))
                == .allowed(#"RBAC: allowed by RoleBinding "a" of Role "keeper" to User "kim""#))
    }

    @Test(
        "What somebody gives he must hold, right by right",
        arguments: [
            ("kim", RoleRule([.get], on: ["etcdbackups"]), "", true),
            ("kim", RoleRule([.get], on: ["etcdbackups"], named: ["a", "b"]), "", true),
            ("kim", RoleRule([.get], on: ["etcdbackups"]), "shop", true),
            ("kim", RoleRule([.get, .delete], on: ["etcdbackups"]), "", false),
            ("kim", RoleRule([.all], on: ["etcdbackups"]), "", false),
            ("kim", RoleRule([.get], on: ["*"]), "", false),
            ("kim", RoleRule([.get], on: ["etcdbackups/status"]), "", false),
            ("kim", RoleRule([.get], at: ["/metrics"]), "", true),
            ("kim", RoleRule([.get], at: ["/debug/x*"]), "", true), ("kim", RoleRule([.get], at: ["/*"]), "", false),
            ("kim", RoleRule([.get], at: ["/metrics*"]), "", false),
            ("pat", RoleRule([.patch], on: ["etcdclusters/status"]), "", true),
            ("pat", RoleRule([.patch], on: ["*/scale"]), "", false),
            ("ned", RoleRule([.all], on: ["*"]), "shop", true), ("ned", RoleRule([.all], on: ["*"]), "", false),
            ("ned", RoleRule([.get], on: ["secrets"]), "other", false),
            ("lou", RoleRule([.get], on: ["etcdbackups"]), "", false),
        ])
    func covering(user: String, rule: RoleRule, namespace: String, isHeld: Bool) {
        #expect((Self.policy.missingRight(user: user, groups: [], of: [rule], in: namespace) == nil) == isHeld)
    }

    @Test("A right by name does not give the right to all names")
    func coveringNames() {
        let policy = Self.policy
        let own = RoleRule([.get], on: ["secrets"], named: ["db"])
        #expect(policy.missingRight(user: "x", groups: ["dbas"], of: [own], in: "shop") == nil)
        #expect(
            policy.missingRight(user: "x", groups: ["dbas"], of: [RoleRule([.get], on: ["secrets"])], in: "shop") != nil
        )
        let more = RoleRule([.get], on: ["secrets"], named: ["db", "web"])
        #expect(policy.missingRight(user: "x", groups: ["dbas"], of: [more], in: "shop")?.names == ["web"])
    }

    @Test("Whoever holds all rights of some rules may do nothing that they do not allow, over random rules")
    func coverage() {
        var random = SeededRandom(seed: 7)
        let verbs: [AccessVerb] = [.get, .list, .create, .reveal, .all]
        let resources = ["secrets", "etcdclusters", "etcdclusters/status", "*/status", "*"]
        func rule() -> RoleRule {
            RoleRule(
                (0...Int.random(in: 0...1, using: &random)).compactMap { _ in verbs.randomElement(using: &random) },
                on: (0...Int.random(in: 0...1, using: &random)).compactMap { _ in
                    resources.randomElement(using: &random)
                },
                named: Bool.random(using: &random) ? [] : ["a"])
        }
        let wishes = ["get", "list", "create", "reveal", "delete"].flatMap { verb in
            [("secrets", "", ""), ("etcdclusters", "lodestone.dev", ""), ("etcdclusters", "lodestone.dev", "status")]
                .flatMap { plural, group, part in
                    ["", "a", "b"].map {
                        AccessAttributes(verb, group: group, plural: plural, subresource: part, name: $0)
                    }
                }
        }
        for _ in 0..<3_000 {
            let own = [rule(), rule()]
            let given = rule()
            let policy = AccessPolicy(
                roles: [Role(name: "own", rules: own)],
                bindings: [RoleBinding(name: "o", role: "own", subjects: [AccessSubject(.user, "u")])])
            guard policy.missingRight(user: "u", groups: [], of: [given], in: "") == nil else { continue }
            for wish in wishes where given.allows(wish) {
                #expect(policy.decide(user: "u", groups: [], wish).isAllowed, "\(given) by \(own)")
            }
        }
    }
}
