import API
import Model
import Store
import Testing

/// The size of clusters as `kubectl scale` reads and writes it.
@Suite(.timeLimit(.minutes(5)))
struct ScaleTests {
    private static let path = "\(Sample.clusters)/demo/scale"
    private static let merge = "application/merge-patch+json"

    private static func fixture(_ adjust: (inout APIServer.Options) -> Void = { _ in }) async throws -> APIFixture {
        let api = try await APIFixture(adjust)
        _ = try await api.call("POST", Sample.clusters, Sample.cluster("demo"))
        let base = try await api.store.get(EtcdCluster.self, named: "demo", in: "default")
        var next = base
        next.status.members = ["a", "b", "c", "d"].map { name in
            var member = MemberStatus()
            member.name = name
            member.role = name == "c" ? .learner : .follower
            member.phase = name == "d" ? .pending : .running
            return member
        }
        _ = try await api.store.writeBack(next, since: base)
        return api
    }

    @Test("A scale shows the size that is wanted and the voting members that are there")
    func reads() async throws {
        let api = try await Self.fixture()
        let scale = try await api.call("GET", Self.path)
        let record = try await api.call("GET", "\(Sample.clusters)/demo").json
        #expect(scale.status == 200 && scale.json["kind"] == "Scale" && scale.json["apiVersion"] == "autoscaling/v1")
        #expect(scale.json["spec"] == ["replicas": 3] && scale.json["status"] == ["replicas": 2])
        for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            #expect(scale.json["metadata"]?[field] == record["metadata"]?[field], "\(field)")
        }
        let table = try await api.call(
            "GET", Self.path, headers: ["Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"])
        #expect(table.json["kind"] == "Table")
        #expect((table.json["rows"]?.array?.first?["cells"]?.array ?? []).prefix(3) == ["demo", 3, 2])
        #expect(try await api.call("GET", "\(Sample.clusters)/none/scale").status == 404)
        #expect(try await api.call("GET", "\(Sample.secrets)/s/scale").status == 404)
        #expect(try await api.call("DELETE", Self.path).status == 405)
    }

    @Test("A scale is written by PUT without a type, merge patch, JSON patch and apply; the record has the size then")
    func writes() async throws {
        let api = try await Self.fixture()
        let read = try await api.call("GET", Self.path).json
        let put = try await api.call("PUT", Self.path, read.merging(patch: ["spec": ["replicas": 5]]), type: nil)
        #expect(put.status == 200 && put.json["spec"] == ["replicas": 5] && put.json["kind"] == "Scale", "\(put.text)")
        let patched = try await api.call("PATCH", Self.path, ["spec": ["replicas": 7]], type: Self.merge)
        #expect(patched.json["spec"] == ["replicas": 7])
        let operations: Value = [
            ["op": "test", "path": "/spec/replicas", "value": 7],
            ["op": "replace", "path": "/spec/replicas", "value": 1],
        ]
        let replaced = try await api.call("PATCH", Self.path, operations, type: "application/json-patch+json")
        #expect(replaced.json["spec"] == ["replicas": 1])
        let document: Value = ["apiVersion": "autoscaling/v1", "kind": "Scale", "spec": ["replicas": 3]]
        let apply = "application/apply-patch+yaml"
        let conflict = try await api.call("PATCH", "\(Self.path)?fieldManager=hpa", document, type: apply)
        #expect(conflict.status == 409 && conflict.message.hasSuffix(": .spec.replicas"), "\(conflict.message)")
        #expect(conflict.message.contains("with subresource \"scale\" using lodestone.dev/v1alpha1"))
        #expect(conflict.json[path: "details", "causes"]?.array?.first?["field"] == ".spec.replicas")
        let forced = try await api.call("PATCH", "\(Self.path)?fieldManager=hpa&force=1", document, type: apply)
        #expect(forced.status == 200 && forced.json["spec"] == ["replicas": 3], "\(forced.text)")
        let record = try await api.call("GET", "\(Sample.clusters)/demo").json
        #expect(record[path: "spec", "size"] == 3 && record[path: "metadata", "generation"] == 5)
        #expect(ApplyTests.owners(record)["hpa/Apply/scale"] == ".spec.size")
        let same = try await api.call("PATCH", Self.path, ["spec": ["replicas": 3]], type: Self.merge)
        #expect(same.json == forced.json)
    }

    @Test("A stale version is a conflict, a trial changes nothing")
    func conditions() async throws {
        let api = try await Self.fixture()
        let stale: Value = ["metadata": ["resourceVersion": "1"], "spec": ["replicas": 5]]
        #expect(try await api.call("PUT", Self.path, stale).status == 409)
        #expect(try await api.call("PATCH", Self.path, stale, type: Self.merge).status == 409)
        #expect(
            try await api.call("PUT", Self.path, ["metadata": ["uid": "u"], "spec": ["replicas": 5]]).status == 409)
        let trial = try await api.call("PATCH", "\(Self.path)?dryRun=All", ["spec": ["replicas": 5]], type: Self.merge)
        #expect(trial.json["spec"] == ["replicas": 5])
        #expect(try await api.call("GET", Self.path).json["spec"] == ["replicas": 3])
    }

    @Test(
        "What is wrong is told of spec.replicas",
        arguments: [
            (["spec": ["replicas": 2]], "FieldValueNotSupported"),
            (["spec": ["replicas": -1]], "FieldValueNotSupported"),
            (["spec": ["replicas": "3"]], "FieldValueInvalid"), (["spec": ["replicas": nil]], "FieldValueRequired"),
        ] as [(Value, String)])
    func invalid(patch: Value, reason: String) async throws {
        let api = try await Self.fixture()
        let refused = try await api.call("PATCH", Self.path, patch, type: Self.merge)
        #expect(refused.status == 422, "\(refused.text)")
        let cause = refused.json[path: "details", "causes"]?.array?.first
        #expect(cause?["field"] == "spec.replicas" && cause?["reason"] == .string(reason), "\(refused.text)")
        #expect(refused.message.hasPrefix("EtcdCluster \"demo\" is invalid: spec.replicas: "), "\(refused.message)")
    }

    @Test("A refusal by the rules reads well through the scale too, and a record of another kind is refused")
    func refused() async throws {
        let api = try await Self.fixture { options in
            options.admission = Admission { new, old, _ in
                guard let old, new[path: "spec", "size"] != old[path: "spec", "size"] else { return [] }
                return [FieldProblem("spec.size", .forbidden, "changing the size is not built yet")]
            }
        }
        let refused = try await api.call("PATCH", Self.path, ["spec": ["replicas": 5]], type: Self.merge)
        #expect(refused.status == 422)
        #expect(refused.message == "EtcdCluster \"demo\" is invalid: spec.replicas: changing the size is not built yet")
        #expect(try await api.call("PUT", Self.path, Sample.cluster("demo")).status == 400)
        let kinds = try await api.call("GET", "/apis/lodestone.dev/v1alpha1").json["resources"]?.array ?? []
        let scale = kinds.first { $0["name"] == "etcdclusters/scale" }
        #expect(scale?["kind"] == "Scale" && scale?["group"] == "autoscaling" && scale?["version"] == "v1")
    }
}
