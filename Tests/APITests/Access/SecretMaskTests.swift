@testable import API
import Crypto
import Model
import Store
import TestSupport
import Testing
import Transport

/// Secrets before those who may not see their values.
@Suite(.timeLimit(.minutes(5)))
struct SecretMaskTests {
    private static let value = "c3VwZXItc2VjcmV0LXZhbHVl"  // super-secret-value
    private static let path = "\(Sample.secrets)/db"
    private static let memory = "kubectl.kubernetes.io/last-applied-configuration"

    /// A Secret that kubectl has applied, and the token of an operator, who may write but not see it.
    private static func fixture(_ name: String = "db") async throws -> (APIFixture, String) {
        let api = try await APIFixture()
        let secret = try await api.makeToken("otto", user: "otto", role: "operator")
        let applied = #"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"db"},"data":{"password":"\#(value)"}}"#
        let answer = try await api.call(
            "POST", Sample.secrets,
            [
                "metadata": ["name": .string(name), "annotations": [memory: .string(applied)]],
                "data": ["password": .string(value), "user": "cm9vdA=="],
            ])
        #expect(answer.status == 201)
        return (api, secret)
    }

    private static func stored(_ api: APIFixture) async throws -> Value {
        try await api.store.get(RecordID(Secret.kind, namespace: "default", name: "db")).document
    }

    @Test("Values are masked in every form of answer, and only for who may not reveal them")
    func reading() async throws {
        let (api, otto) = try await Self.fixture()
        let table = ["Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"]
        for (path, headers) in [
            (Self.path, [:]), (Sample.secrets, [:]), ("/api/v1/secrets", [:]), (Self.path, table),
            ("\(Self.path)?includeObject=Object", table), ("\(Sample.secrets)?includeObject=Object", table),
            ("\(Sample.secrets)?limit=1", table),
        ] as [(String, [String: String])] {
            let hidden = try await api.call("GET", path, headers: headers, token: otto)
            #expect(hidden.status == 200 && hidden.text.contains("\"db\""), "\(path)")
            for part in [Self.value, "cm9vdA==", "super-secret"] {
                #expect(!hidden.text.contains(part), "\(path): \(hidden.text)")
            }
            let shown = try await api.call("GET", path, headers: headers)
            #expect(shown.text.contains(Self.value), "\(path)")
        }
        let document = try await api.call("GET", Self.path, token: otto).json
        #expect(document["data"]?.members?.keys == ["password", "user"])
        #expect(document[path: "data", "password"] == .string(SecretMask.mask))
        #expect(try Secret(document: document).text("password")?.hasPrefix("(masked") == true)
        let remembered = try #require(document[path: "metadata", "annotations"]?[Self.memory]?.string)
        #expect(try Value(json: Array(remembered.utf8))[path: "data", "password"] == .string(SecretMask.mask))
    }

    @Test("The right to reveal may be one for a name and a namespace")
    func revealing() async throws {
        let (api, _) = try await Self.fixture()
        _ = try await api.call("POST", Sample.secrets, Sample.secret("web"))
        let rules = [RoleRule([.get, .list], on: ["secrets"]), RoleRule([.reveal], on: ["secrets"], named: ["web"])]
        let token = try await api.makeToken("ria", user: "ria", namespaces: ["default"], rules: rules)
        let list = try await api.call("GET", Sample.secrets, token: token)
        #expect(list.text.contains("c2VjcmV0") && !list.text.contains(Self.value))
        #expect(try await api.call("GET", "\(Sample.secrets)/web", token: token).text.contains("c2VjcmV0"))
        #expect(try await !api.call("GET", Self.path, token: token).text.contains(Self.value))
    }

    @Test("A mask that is written back keeps what is stored, in every way of writing")
    func writingBack() async throws {
        let (api, otto) = try await Self.fixture()
        let before = try await Self.stored(api)
        let seen = try await api.call("GET", Self.path, token: otto).json
        let put = try await api.call("PUT", Self.path, seen, token: otto)
        #expect(put.status == 200 && !put.text.contains(Self.value))
        #expect(try await Self.stored(api) == before)

        var edited = seen
        edited["data"] = ["password": .string(SecretMask.mask), "user": "YWRtaW4="]
        edited["metadata"] = ["name": "db", "annotations": seen[path: "metadata", "annotations"] ?? [:]]
        let changed = try await api.call("PUT", Self.path, edited, token: otto)
        #expect(changed.status == 200, "\(changed.message)")
        #expect(try await Self.stored(api)["data"] == ["password": .string(Self.value), "user": "YWRtaW4="])

        let patch: Value = [
            "data": ["password": .string(SecretMask.mask), "new": "bmV3"], "metadata": ["labels": ["a": "b"]],
        ]
        let merged = try await api.call("PATCH", Self.path, patch, type: "application/merge-patch+json", token: otto)
        #expect(merged.status == 200 && !merged.text.contains(Self.value))
        let after = try await Self.stored(api)
        #expect(after[path: "data", "password"] == .string(Self.value) && after[path: "data", "new"] == "bmV3")
        #expect(after[path: "metadata", "annotations"]?[Self.memory]?.string?.contains(Self.value) == true)

        let plain: Value = ["stringData": ["password": "(masked: needs the right to reveal)"]]
        let folded = try await api.call("PATCH", Self.path, plain, type: "application/merge-patch+json", token: otto)
        #expect(folded.status == 200)
        #expect(try await Self.stored(api)[path: "data", "password"] == .string(Self.value))
    }

    @Test("A mask where nothing is stored is refused")
    func unknownMask() async throws {
        let (api, otto) = try await Self.fixture()
        let patch: Value = ["data": ["other": .string(SecretMask.mask)]]
        let refused = try await api.call("PATCH", Self.path, patch, type: "application/merge-patch+json", token: otto)
        #expect(refused.status == 422 && refused.message.contains("data.other is a mask"), "\(refused.message)")
        let created = try await api.call(
            "POST", Sample.secrets, Sample.secret("copy", ["data": ["password": .string(SecretMask.mask)]]), token: otto
        )
        #expect(created.status == 422)
        // Who sees the values has no masks to give back: the text is a text like any other.
        #expect(try await api.call("PATCH", Self.path, patch, type: "application/merge-patch+json").status == 200)
    }

    @Test("A JSON patch can neither copy a value to where it shows nor find it out by testing")
    func jsonPatch() async throws {
        let (api, otto) = try await Self.fixture()
        func patch(_ operations: Value) async throws -> APIFixture.Answer {
            try await api.call("PATCH", Self.path, operations, type: "application/json-patch+json", token: otto)
        }
        let copied = try await patch([["op": "copy", "from": "/data/password", "path": "/metadata/annotations/x"]])
        #expect(!copied.text.contains(Self.value))
        #expect(try await !api.call("GET", Self.path, token: otto).text.contains(Self.value))
        let tested = try await patch([["op": "test", "path": "/data/password", "value": .string(Self.value)]])
        #expect(tested.status == 422)
        let moved = try await patch([["op": "move", "from": "/data/password", "path": "/data/elsewhere"]])
        #expect(moved.status == 422)
        let memory = "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration"
        let shown = try await patch([["op": "copy", "from": .string(memory), "path": "/metadata/annotations/y"]])
        #expect(!shown.text.contains(Self.value))
        #expect(try await Self.stored(api)[path: "data", "password"] == .string(Self.value))
    }

    @Test("No request of somebody without the right returns a byte of a value, whatever he asks")
    func property() async throws {
        let (api, otto) = try await Self.fixture()
        // Values that can stand nowhere by chance.
        var random = SeededRandom(seed: 11)
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        func unique() -> String { String((0..<24).compactMap { _ in letters.randomElement(using: &random) }) }
        let values = (0..<3).map { _ in unique() }
        for (index, value) in values.enumerated() {
            let encoded = Base64.encode(Array(value.utf8))
            let memory = #"{"data":{"k":"\#(encoded)"},"stringData":{"p":"\#(value)"},"kind":"Secret"}"#
            let answer = try await api.call(
                "POST", Sample.secrets,
                [
                    "metadata": [
                        "name": .string("s\(index)"), "annotations": [Self.memory: .string(memory)],
                        "labels": ["a": "b"],
                    ],
                    "data": ["k": .string(encoded)], "stringData": ["p": .string(value)],
                ])
            #expect(answer.status == 201)
        }
        let needles = values.flatMap { [$0, Base64.encode(Array($0.utf8))] }
        let accepts = [
            "application/json", "application/json;as=Table;v=v1;g=meta.k8s.io", "*/*",
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
        ]
        let patches = [
            "application/merge-patch+json", "application/json-patch+json", "application/strategic-merge-patch+json",
            "application/apply-patch+yaml",
        ]
        let bodies: [Value] = [
            ["data": ["k": .string(SecretMask.mask)]], ["data": nil], ["stringData": ["x": "y"]], ["type": "Opaque"],
            ["metadata": ["annotations": ["a": "b"]]], ["metadata": ["annotations": nil]], ["immutable": true],
            ["data": 3],
            [["op": "copy", "from": "/data/k", "path": "/metadata/labels/x"]],
            [["op": "copy", "from": "/data", "path": "/metadata/annotations"]],
            [["op": "move", "from": "/data", "path": "/stringData"]],
            [["op": "copy", "from": "/data/k", "path": "/type"]],
            [["op": "test", "path": "/data/k", "value": "x"]],
        ]
        for round in 0..<1_500 {
            let name = ["s0", "s1", "s2", ""].randomElement(using: &random) ?? ""
            let method =
                ["GET", "GET", "PUT", "PATCH", "PATCH", "POST", "DELETE"].randomElement(using: &random) ?? "GET"
            let query =
                [
                    "", "?dryRun=All", "?includeObject=Object", "?limit=2", "?fieldSelector=metadata.name%3Ds1",
                    "?fieldManager=x&force=true&dryRun=All", "?fieldValidation=Ignore",
                ].randomElement(using: &random) ?? ""
            let isTrial = method != "GET"
            var body = bodies.randomElement(using: &random) ?? [:]
            let type = patches.randomElement(using: &random) ?? ""
            if method == "PUT" || method == "POST" || type.hasPrefix("application/apply"), body.members != nil {
                body["apiVersion"] = "v1"
                body["kind"] = "Secret"
                if body["metadata"] == nil { body["metadata"] = ["name": .string(name)] }
            }
            // Nothing is lost on the way, so that every round has something to find.
            let mark = query.contains("dryRun") || !isTrial ? "" : query.isEmpty ? "?dryRun=All" : "&dryRun=All"
            let answer = try await api.call(
                method, "\(Sample.secrets)\(name.isEmpty ? "" : "/\(name)")\(query)\(mark)",
                bytes: method == "GET" ? [] : body.jsonBytes, type: method == "PATCH" ? type : "application/json",
                headers: ["Accept": accepts.randomElement(using: &random) ?? ""], token: otto)
            let text = answer.text + answer.headers.map(\.value).joined(separator: "\n")
            for needle in needles where text.contains(needle) {
                Issue.record("round \(round): \(method) \(name)\(query) \(type) \(body): \(text)")
                return
            }
        }
        for index in 0..<3 {
            #expect(try await api.call("GET", "\(Sample.secrets)/s\(index)").text.contains(needles[2 * index + 1]))
        }
    }

    @Test("A mask and what it stands for, field by field")
    func pure() throws {
        let stored: Value = [
            "data": ["a": "MQ==", "b": "Mg=="],
            "metadata": ["name": "x", "annotations": [Self.memory: #"{"data":{"a":"MQ=="}}"#, "other": "kept"]],
        ]
        let masked = SecretMask.masked(stored)
        #expect(masked[path: "metadata", "annotations", "other"] == "kept")
        #expect(SecretMask.masked(masked) == masked)
        #expect(try SecretMask.unmasked(masked, stored: stored).get() == stored)
        // What does not fit is not shown either.
        #expect(SecretMask.masked(["data": "MQ=="])["data"] == nil)
        #expect(
            SecretMask.masked(["metadata": ["annotations": [Self.memory: "MQ== no JSON"]]])[
                path: "metadata", "annotations"] == [Self.memory: ""])
        // A memory that was changed keeps the values it still masks.
        var changed = masked
        changed["metadata"] = [
            "name": "x", "annotations": [Self.memory: .string(#"{"data":{"a":"\#(SecretMask.mask)","c":"Mw=="}}"#)],
        ]
        let memory = try SecretMask.unmasked(changed, stored: stored).get()[path: "metadata", "annotations"]?[
            Self.memory]
        #expect(memory == #"{"data":{"a":"MQ==","c":"Mw=="}}"#)
    }
}
