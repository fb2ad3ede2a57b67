import API
import Model
import Store
import Testing

/// Server-side apply over the API.
@Suite(.timeLimit(.minutes(5)))
struct ApplyTests {
    private static let type = "application/apply-patch+yaml"
    private static let path = "\(Sample.clusters)/demo"

    private static func apply(
        _ api: APIFixture, _ document: Value, as manager: String = "me", _ more: String = "", path: String = path
    ) async throws -> APIFixture.Answer {
        try await api.call("PATCH", "\(path)?fieldManager=\(manager)\(more)", document, type: type)
    }

    /// The owners as `name/operation/subresource`, with their fields.
    static func owners(_ document: Value) -> [String: String] {
        var owners: [String: String] = [:]
        for entry in document[path: "metadata", "managedFields"]?.array ?? [] {
            let set = FieldSet(document: entry["fieldsV1"] ?? nil) ?? FieldSet()
            let part = entry["subresource"]?.string.map { "/\($0)" } ?? ""
            owners["\(entry["manager"]?.string ?? "")/\(entry["operation"]?.string ?? "")\(part)"] =
                set.paths.map { $0.map(\.description).joined() }.joined(separator: " ")
        }
        return owners
    }

    @Test("A record is made by applying it, and applying it again changes nothing")
    func creates() async throws {
        let api = try await APIFixture()
        let first = try await Self.apply(api, Sample.cluster("demo"))
        #expect(first.status == 201 && first.json[path: "spec", "size"] == 3, "\(first.message)")
        #expect(Self.owners(first.json) == ["me/Apply": ".spec.provider .spec.version"])
        let entry = try #require(first.json[path: "metadata", "managedFields"]?.array?.first)
        #expect(entry["apiVersion"] == "lodestone.dev/v1alpha1" && entry["fieldsType"] == "FieldsV1")
        #expect(entry["fieldsV1"] == ["f:spec": ["f:provider": [:], "f:version": [:]]])
        #expect(entry["time"]?.string.flatMap { Timestamp($0) } != nil)
        let second = try await Self.apply(api, Sample.cluster("demo"))
        #expect(second.status == 200 && second.json == first.json)
        let yaml = "{apiVersion: lodestone.dev/v1alpha1, kind: EtcdCluster, spec: {provider: Local, version: 3.4.23}}"
        let third = try await api.call(
            "PATCH", "\(Self.path)?fieldManager=me", bytes: Array(yaml.utf8), type: Self.type)
        #expect(third.json == first.json, "\(third.message)")
        let block = "spec:\n  provider: Local\n  version: 3.4.23\n"
        let fourth = try await api.call(
            "PATCH", "\(Self.path)?fieldManager=me", bytes: Array(block.utf8), type: Self.type)
        #expect(fourth.json == first.json, "\(fourth.message)")
        #expect(api.store.revision == Int64(first.json[path: "metadata", "resourceVersion"]?.string ?? ""))
    }

    @Test("A field of another manager is a conflict that names it, and force takes it")
    func conflicts() async throws {
        let api = try await APIFixture()
        _ = try await Self.apply(api, Sample.cluster("demo"))
        let edit: Value = ["spec": ["paused": true, "deletionPolicy": "Delete"]]
        _ = try await api.call(
            "PATCH", "\(Self.path)?fieldManager=kubectl-edit", edit, type: "application/merge-patch+json")
        let refused = try await Self.apply(api, Sample.cluster("demo", ["spec": ["paused": false]]))
        #expect(refused.status == 409 && refused.reason == "Conflict")
        let owner = "conflict with \"kubectl-edit\" using lodestone.dev/v1alpha1"
        #expect(refused.message == "Apply failed with 1 conflict: \(owner): .spec.paused")
        #expect(
            refused.json["details"] == [
                "causes": [
                    ["reason": "FieldManagerConflict", "message": .string(owner), "field": ".spec.paused"]
                ]
            ])
        let both = Sample.cluster("demo", ["spec": ["paused": false, "deletionPolicy": "Retain"]])
        let two = try await Self.apply(api, both, as: "other")
        #expect(
            two.message
                == "Apply failed with 2 conflicts: conflicts with \"kubectl-edit\" using lodestone.dev/v1alpha1:\n"
                + "- .spec.deletionPolicy\n- .spec.paused")
        let forced = try await Self.apply(api, Sample.cluster("demo", ["spec": ["paused": false]]), "&force=true")
        #expect(forced.status == 200 && forced.json[path: "spec", "paused"] == false)
        #expect(Self.owners(forced.json)["kubectl-edit/Update"] == ".spec.deletionPolicy")
        #expect(Self.owners(forced.json)["me/Apply"] == ".spec.paused .spec.provider .spec.version")
    }

    @Test("A field that is not applied any more goes, or falls back to its default, unless somebody else has it")
    func removes() async throws {
        let api = try await APIFixture()
        let full = Sample.cluster(
            "demo",
            [
                "metadata": ["labels": ["a": "1", "b": "1"], "finalizers": ["x.example/y"]],
                "spec": ["paused": true, "backup": ["schedule": "0 * * * *", "storage": ["path": "/backups"]]],
            ])
        let first = try await Self.apply(api, full)
        #expect(first.status == 201, "\(first.message)")
        _ = try await Self.apply(api, ["metadata": ["labels": ["b": "1"]]], as: "other")
        let second = try await Self.apply(api, Sample.cluster("demo"))
        #expect(second.status == 200, "\(second.message)")
        #expect(second.json[path: "metadata", "labels"] == ["b": "1"])
        #expect(second.json[path: "metadata", "finalizers"] == nil)
        #expect(second.json[path: "spec", "paused"] != true && second.json[path: "spec", "backup"] == nil)
        #expect(
            Self.owners(second.json) == [
                "me/Apply": ".spec.provider .spec.version", "other/Apply": ".metadata.labels.b",
            ])
    }

    @Test("Every way of writing leaves its owner, by name or by program; the record and its status are owned apart")
    func otherWrites() async throws {
        let api = try await APIFixture()
        let agent = ["User-Agent": "kubectl/v1.32.5 (linux/amd64) kubernetes/abc"]
        let made = try await api.call("POST", Sample.clusters, Sample.cluster("demo"), headers: agent)
        #expect(Self.owners(made.json).keys.sorted() == ["kubectl/Update"])
        #expect(Self.owners(made.json)["kubectl/Update"]?.contains(".spec .spec.deletionPolicy") == true)
        #expect(Self.owners(made.json)["kubectl/Update"]?.contains(".spec.size") == true, "defaults are the creator's")
        let merge = "application/merge-patch+json"
        let labelled = try await api.call(
            "PATCH", "\(Self.path)?fieldManager=kubectl-label", ["metadata": ["labels": ["a": "b"]]], type: merge)
        #expect(Self.owners(labelled.json)["kubectl-label/Update"] == ".metadata.labels .metadata.labels.a")
        let status: Value = ["status": ["conditions": [["type": "Ready", "status": "True"]]]]
        let stated = try await api.call("PATCH", "\(Self.path)/status?fieldManager=sensor", status, type: merge)
        let conditions = #".status.conditions .status.conditions[type="Ready"] "#
        #expect(Self.owners(stated.json)["sensor/Update/status"]?.contains(conditions) == true, "\(stated.text)")
        #expect(Self.owners(stated.json).count == 3)
        let replaced = try await api.call(
            "PUT", "\(Self.path)?fieldManager=kubectl-replace",
            Sample.cluster("demo", ["spec": ["paused": true]]))
        #expect(Self.owners(replaced.json)["kubectl-label/Update"] == nil, "who owns nothing any more is gone")
        #expect(Self.owners(replaced.json)["kubectl-replace/Update"] == ".spec.paused")
        #expect(Self.owners(replaced.json)["sensor/Update/status"] != nil)
        let again = try await api.call(
            "PUT", "\(Self.path)?fieldManager=somebody", Sample.cluster("demo", ["spec": ["paused": true]]))
        #expect(again.json == replaced.json)
    }

    @Test("A status is applied at its own path, and nothing else there")
    func status() async throws {
        let api = try await APIFixture()
        _ = try await Self.apply(api, Sample.cluster("demo", ["metadata": ["labels": ["a": "b"]]]))
        let document: Value = [
            "metadata": ["labels": ["c": "d"]], "spec": ["paused": true],
            "status": ["conditions": [["type": "Ready", "status": "True"]]],
        ]
        let applied = try await Self.apply(api, document, as: "sensor", path: "\(Self.path)/status")
        #expect(applied.status == 200, "\(applied.message)")
        #expect(applied.json[path: "metadata", "labels"] == ["a": "b"] && applied.json[path: "spec", "paused"] != true)
        #expect(applied.json[path: "status", "conditions"]?.array?.first?["type"] == "Ready")
        let owned = Self.owners(applied.json)
        #expect(owned["sensor/Apply/status"]?.hasPrefix(#".status.conditions[type="Ready"]"#) == true, "\(owned)")
        #expect(owned["me/Apply"] == ".metadata.labels.a .spec.provider .spec.version")
        #expect(try await Self.apply(api, document, as: "sensor", path: "\(Self.path)/status").json == applied.json)
        let none = try await Self.apply(api, document, path: "\(Sample.clusters)/none/status")
        #expect(none.status == 404)
        let main = try await Self.apply(api, Sample.cluster("demo", ["status": ["leader": "x"]]), as: "third")
        #expect(main.status == 200 && main.json[path: "status", "leader"] == nil)
        #expect(Self.owners(main.json)["third/Apply"] == ".spec.provider .spec.version")
    }

    @Test("The controller's own writes neither lose owners nor need them")
    func controller() async throws {
        let api = try await APIFixture()
        let first = try await Self.apply(api, Sample.cluster("demo"))
        let base = try await api.store.get(EtcdCluster.self, named: "demo", in: "default")
        var next = base
        next.status.leader = "m0"
        next.metadata.finalizers = ["lodestone.dev/members"]
        _ = try await api.store.writeBack(next, since: base)
        let written = try await api.call("GET", Self.path).json
        #expect(Self.owners(written) == Self.owners(first.json))
        let again = try await Self.apply(api, Sample.cluster("demo"))
        #expect(again.json == written, "what nobody owns is left alone")
        var bare = EtcdInspection()
        bare.metadata = ObjectMeta(name: "bare")
        bare.spec.clusterRef = LocalReference(name: "demo")
        _ = try await api.store.create(bare)
        let path = "/apis/lodestone.dev/v1alpha1/namespaces/default/etcdinspections/bare"
        let labelled = try await api.call(
            "PATCH", path, ["metadata": ["labels": ["a": "b"]]], type: "application/merge-patch+json")
        #expect(labelled.status == 200 && labelled.json[path: "metadata", "managedFields"] == nil)
        let applied = try await Self.apply(api, ["metadata": ["labels": ["a": "b"]]], path: path)
        #expect(Self.owners(applied.json).keys.sorted() == ["before-first-apply/Update", "me/Apply"])
    }

    @Test("Texts of a secret are owned where they are stored")
    func secrets() async throws {
        let api = try await APIFixture()
        let path = "\(Sample.secrets)/s"
        let document: Value = ["data": ["a": "Yg=="], "stringData": ["user": "admin"]]
        let first = try await Self.apply(api, document, path: path)
        #expect(first.status == 201 && first.json["data"] == ["a": "Yg==", "user": "YWRtaW4="], "\(first.message)")
        #expect(Self.owners(first.json) == ["me/Apply": ".data.a .data.user"])
        #expect(try await Self.apply(api, document, path: path).json == first.json)
        let less = try await Self.apply(api, ["data": ["a": "Yg=="]], path: path)
        #expect(less.json["data"] == ["a": "Yg=="])
        #expect(try await Self.apply(api, ["stringData": ["user": 1]], path: path).status == 422)
    }

    @Test(
        "What cannot be applied is refused with the reason",
        arguments: [
            ("", #"{"spec": {}}"#, 400, "fieldManager: Required value"),
            ("fieldManager=me", "[]", 400, "must be an object"), ("fieldManager=me", "{", 400, "not YAML"),
            ("fieldManager=me", "a: [", 400, "not YAML"),
            ("fieldManager=me", #"{"metadata": {"managedFields": [{}]}}"#, 400, "metadata.managedFields must be nil"),
            ("fieldManager=me", #"{"kind": "Secret"}"#, 400, "kind"),
            ("fieldManager=me", #"{"metadata": {"name": "other"}}"#, 400, "does not match the name on the URL"),
            ("fieldManager=me", #"{"spec": {"siez": 3}}"#, 400, "unknown field \"siez\""),
            ("fieldManager=me", #"{"spec": {"size": 2}}"#, 422, "spec.size"),
            ("fieldManager=me", #"{"metadata": {"finalizers": ["a/b", "a/b"]}}"#, 422, "given twice"),
            ("fieldManager=me", #"{"metadata": {"ownerReferences": [{"name": "x"}]}}"#, 422, "ownerReferences[0].uid"),
            ("fieldManager=me", #"{"metadata": {"resourceVersion": "1"}}"#, 409, "modified"),
            ("fieldManager=me", #"{"metadata": {"uid": "other"}}"#, 409, "UID"),
            (
                "fieldManager=" + String(repeating: "m", count: 129), #"{"spec": {}}"#, 400,
                "at most 128 bytes"
            ),
        ])
    func refusals(query: String, body: String, status: Int, words: String) async throws {
        let api = try await APIFixture()
        _ = try await Self.apply(api, Sample.cluster("demo"), as: "first")
        let refused = try await api.call(
            "PATCH", "\(Self.path)?\(query)", bytes: Array(body.utf8), type: Self.type)
        #expect(refused.status == status && refused.message.contains(words), "\(refused.status) \(refused.message)")
        let forced = try await api.call("PATCH", "\(Self.path)?force=true", [:], type: "application/merge-patch+json")
        #expect(forced.status == 400)
    }

    @Test("Conditions on a record that is not there are conflicts, and trials make nothing")
    func absent() async throws {
        let api = try await APIFixture()
        for metadata: Value in [["resourceVersion": "7"], ["uid": "u"]] {
            #expect(try await Self.apply(api, Sample.cluster("demo", ["metadata": metadata])).status == 409)
        }
        let revision = api.store.revision
        let trial = try await Self.apply(api, Sample.cluster("demo"), "&dryRun=All")
        #expect(trial.status == 201 && api.store.revision == revision)
        #expect(try await api.call("GET", Self.path).status == 404)
        _ = try await Self.apply(api, Sample.cluster("demo"))
        let paused = Sample.cluster("demo", ["spec": ["paused": true]])
        #expect(try await Self.apply(api, paused, "&dryRun=All").json[path: "spec", "paused"] == true)
        #expect(try await api.call("GET", Self.path).json[path: "spec", "paused"] != true)
    }

    @Test("Who applied by the client before takes its own fields over without a conflict, as kubectl alone may")
    func migration() async throws {
        let api = try await APIFixture()
        let plain = Sample.cluster("demo", ["spec": ["paused": true], "metadata": ["namespace": "default"]])
        let note = "kubectl.kubernetes.io/last-applied-configuration"
        let noted = plain.merging(patch: ["metadata": ["annotations": .object([note: .string(plain.json + "\n")])]])
        _ = try await api.call("POST", "\(Sample.clusters)?fieldManager=kubectl-client-side-apply", noted)
        let changed = Sample.cluster("demo", ["spec": ["paused": false]])
        #expect(try await Self.apply(api, changed, as: "other").status == 409)
        let taken = try await Self.apply(api, changed, as: "kubectl")
        #expect(taken.status == 200 && taken.json[path: "spec", "paused"] == false, "\(taken.message)")
        let kept = taken.json[path: "metadata", "annotations"]?[note]?.string ?? ""
        #expect(try Value(json: kept)[path: "spec", "paused"] == false)
        #expect(try await Self.apply(api, changed, as: "kubectl").json == taken.json)
        _ = try await api.call(
            "PATCH", "\(Self.path)?fieldManager=kubectl-edit", ["spec": ["paused": true]],
            type: "application/merge-patch+json")
        let conflict = try await Self.apply(api, changed, as: "kubectl")
        #expect(conflict.status == 409 && conflict.message.contains("kubectl-edit"))
    }
}
