import Model
import Testing

/// The kinds that say who may do what.
struct AccessRecordTests {
    private static let digest = String(repeating: "0123456789abcdef", count: 4)

    private func problems<Record: Resource>(_ type: Record.Type, _ spec: String) throws -> [String] {
        let kind = Record.kind
        let document = try Value(
            json:
                #"{"apiVersion":"\#(kind.apiVersion)","kind":"\#(kind.name)","metadata":{"name":"x"},"spec":\#(spec)}"#)
        do throws(InvalidRecord) {
            _ = try Record(document: document)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test(
        "A rule that cannot mean what it says is refused",
        arguments: [
            (#"{"rules":[{"verbs":["get"],"resources":["etcdclusters","etcdclusters/status","*/scale"]}]}"#, []),
            (
                #"{"rules":[{"verbs":["*"],"resources":["*"],"names":["a"]},{"verbs":["get"],"paths":["/metrics","*"]}]}"#,
                []
            ),
            (
                #"{"rules":[{"resources":["secrets"]}]}"#,
                [
                    "spec.rules[0].verbs: must be given: What may be done; reveal is to see the values of Secrets, \"*\" is everything."
                ]
            ),
            (
                #"{"rules":[{"verbs":["get"]}]}"#,
                ["spec.rules[0]: must name either resources or paths, not both"]
            ),
            (
                #"{"rules":[{"verbs":["get"],"resources":["*"],"paths":["/x"]}]}"#,
                ["spec.rules[0]: must name either resources or paths, not both"]
            ),
            (
                #"{"rules":[{"verbs":["get"],"resources":["etcdcluster"]}]}"#,
                [#"spec.rules[0].resources[0]: "etcdcluster" is no kind's plural; did you mean "etcdclusters"?"#]
            ),
            (
                #"{"rules":[{"verbs":["get"],"resources":["secrets/exec"]}]}"#,
                [#"spec.rules[0].resources[0]: "exec" is no part of a record; known are status, scale"#]
            ),
            (
                #"{"rules":[{"verbs":["get"],"paths":["metrics"]},{"verbs":["get"],"paths":["/a*b"]}]}"#,
                [
                    #"spec.rules[0].paths[0]: "metrics" must begin with "/", or be "*"; only the last character may be "*""#,
                    #"spec.rules[1].paths[0]: "/a*b" must begin with "/", or be "*"; only the last character may be "*""#,
                ]
            ),
            (
                #"{"rules":[{"verbs":["get"],"paths":["/x"],"names":["a"]}]}"#,
                ["spec.rules[0].names: only records have names"]
            ),
        ] as [(String, [String])])
    func rules(spec: String, expected: [String]) throws {
        #expect(try problems(Role.self, spec) == expected)
    }

    @Test("A verb that does not exist is refused with those that do")
    func verbs() throws {
        let found = try problems(Role.self, #"{"rules":[{"verbs":["read"],"resources":["*"]}]}"#)
        #expect(found.count == 1 && found[0].contains(#"choose one of "get", "list""#), "\(found)")
    }

    @Test(
        "A binding names possible namespaces and whole subjects",
        arguments: [
            (#"{"role":"viewer","subjects":[{"kind":"Group","name":"a"}],"namespaces":["shop"]}"#, true),
            (#"{"role":"viewer","subjects":[{"kind":"Group","name":"a"}]}"#, true),
            (#"{"role":"","subjects":[]}"#, false), (#"{"subjects":[]}"#, false),
            (#"{"role":"viewer","subjects":[{"kind":"Robot","name":"a"}]}"#, false),
            (#"{"role":"viewer","subjects":[{"kind":"User"}]}"#, false),
            (#"{"role":"viewer","namespaces":["Shop"]}"#, false), (#"{"role":"viewer","namespaces":["*"]}"#, false),
        ])
    func bindings(spec: String, isValid: Bool) throws {
        #expect(try problems(RoleBinding.self, spec).isEmpty == isValid)
    }

    @Test(
        "A token needs a printable user and a digest, and takes no name the server gives",
        arguments: [
            ("alice", "[\"team\"]", digest, true), ("alice", "[]", digest.uppercased(), false),
            ("alice", "[]", "abc", false), ("", "[]", digest, false), ("a\\nb", "[]", digest, false),
            ("system:admin", "[]", digest, false), ("alice", "[\"system:authenticated\"]", digest, false),
            ("alice", "[\"lodestone:admins\"]", digest, true),
            (String(repeating: "a", count: 257), "[]", digest, false),
        ])
    func tokens(user: String, groups: String, digest: String, isValid: Bool) throws {
        let spec = #"{"user":"\#(user)","groups":\#(groups),"digest":"\#(digest)"}"#
        #expect(try problems(AccessToken.self, spec).isEmpty == isValid)
    }

    @Test("A token is active until it expires or is revoked")
    func states() {
        let now = Timestamp(secondsSinceEpoch: 1_795_237_200)
        var token = AccessToken()
        #expect(token.state(at: now) == .active)
        token.spec.expires = now + .seconds(1)
        #expect(token.state(at: now) == .active)
        token.spec.expires = now
        #expect(token.state(at: now) == .expired)
        token.spec.revoked = true
        #expect(token.state(at: now) == .revoked)
    }

    @Test("The roles that come with the program are valid, and only admin sees values and who may do what")
    func builtIn() throws {
        for role in Role.allBuiltIn {
            #expect(try Role(document: role.document).spec == role.spec)
            let covered = Set(role.spec.rules.flatMap(\.resources))
            let kinds = Set(RegisteredKind.all.map(\.kind.plural))
            #expect(
                covered.contains("*")
                    || covered.isSuperset(of: kinds.subtracting(["roles", "rolebindings", "accesstokens"])))
            let isAdmin = role.metadata.name == "admin"
            #expect(covered.contains("*") == isAdmin)
            #expect(covered.isDisjoint(with: ["roles", "rolebindings", "accesstokens"]))
            #expect(role.spec.rules.contains { $0.verbs.contains(.all) || $0.verbs.contains(.reveal) } == isAdmin)
        }
        #expect(!Role.viewer.spec.rules.contains { !Set($0.verbs).isSubset(of: [.get, .list, .watch]) })
    }
}
