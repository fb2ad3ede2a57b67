import API
import Model
import Store
import Testing

/// Lists, selectors, pages and tables.
@Suite(.timeLimit(.minutes(5)))
struct RecordReadingTests {
    private static let tableType =
        "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"

    @Test("A list holds the records in order, and the version to watch from")
    func list() async throws {
        let api = try await APIFixture()
        for name in ["b", "c", "a"] {
            _ = try await api.call("POST", Sample.clusters, Sample.cluster(name))
        }
        let list = try await api.call("GET", Sample.clusters)
        #expect(list.status == 200 && list.json["kind"] == "EtcdClusterList")
        #expect(list.json["apiVersion"] == "lodestone.dev/v1alpha1")
        #expect(list.json[path: "metadata", "resourceVersion"] == .string("\(api.store.revision)"))
        let items = list.json["items"]?.array ?? []
        #expect(items.map { $0[path: "metadata", "name"] } == ["a", "b", "c"])
        #expect(items.allSatisfy { $0["kind"] == "EtcdCluster" })
        let empty = try await api.call("GET", Sample.secrets)
        #expect(empty.json["items"] == [] && empty.json["kind"] == "SecretList")
        let head = try await api.call("HEAD", Sample.clusters)
        #expect(head.status == 200)
    }

    @Test("Pages of a list are of one version and join without a gap")
    func pages() async throws {
        let api = try await APIFixture()
        for index in 0..<7 {
            _ = try await api.call("POST", Sample.secrets, Sample.secret("s\(index)"))
        }
        var names: [String] = []
        var token: String?
        var versions: Set<String> = []
        repeat {
            let page = try await api.call("GET", "\(Sample.secrets)?limit=3" + (token.map { "&continue=\($0)" } ?? ""))
            names += (page.json["items"]?.array ?? []).compactMap { $0[path: "metadata", "name"]?.string }
            versions.insert(page.json[path: "metadata", "resourceVersion"]?.string ?? "")
            token = page.json[path: "metadata", "continue"]?.string
            _ = try await api.call("POST", Sample.secrets, Sample.secret("late\(names.count)"))
        } while token != nil
        #expect(names == (0..<7).map { "s\($0)" })
        #expect(versions.count == 1)
        #expect(try await api.call("GET", "\(Sample.secrets)?continue=rubbish").status == 400)
        #expect(try await api.call("GET", "\(Sample.secrets)?limit=-1").status == 400)
    }

    @Test(
        "Selectors choose by label and field",
        arguments: [
            ("labelSelector=tier=gold", ["a"]), ("labelSelector=tier!=gold", ["b", "c"]),
            ("labelSelector=tier in (gold,silver)", ["a", "b"]), ("labelSelector=!tier", ["c"]),
            ("labelSelector=tier", ["a", "b"]), ("fieldSelector=metadata.name=b", ["b"]),
            ("fieldSelector=metadata.name!=b", ["a", "c"]), ("fieldSelector=metadata.namespace=other", []),
            ("fieldSelector=metadata.name=a,metadata.name=b", []),
            ("labelSelector=tier&fieldSelector=metadata.name=a", ["a"]),
        ])
    func selectors(query: String, expected: [String]) async throws {
        let api = try await APIFixture()
        for (name, tier) in [("a", "gold"), ("b", "silver"), ("c", nil)] as [(String, String?)] {
            let labels: Value = tier.map { ["metadata": ["labels": ["tier": .string($0)]]] } ?? [:]
            _ = try await api.call("POST", Sample.secrets, Sample.secret(name, labels))
        }
        let list = try await api.call("GET", "\(Sample.secrets)?\(query)")
        #expect((list.json["items"]?.array ?? []).compactMap { $0[path: "metadata", "name"]?.string } == expected)
    }

    @Test(
        "A selector that cannot be meant is refused",
        arguments: ["fieldSelector=spec.foo=1", "fieldSelector=rubbish", "labelSelector=a in b", "labelSelector==x"])
    func badSelectors(query: String) async throws {
        let api = try await APIFixture()
        let refused = try await api.call("GET", "\(Sample.secrets)?\(query)")
        #expect(refused.status == 400 && refused.reason == "BadRequest", "\(refused.text)")
    }

    @Test("Events are found by what they are about")
    func events() async throws {
        let api = try await APIFixture()
        for name in ["one", "two"] {
            let event: Value = [
                "metadata": ["generateName": "e-"], "reason": "Started", "message": "hello", "type": "Normal",
                "involvedObject": ["kind": "EtcdCluster", "name": .string(name), "namespace": "default", "uid": "u"],
            ]
            #expect(try await api.call("POST", "/api/v1/namespaces/default/events", event).status == 201)
        }
        let fields = "involvedObject.name=two,involvedObject.kind=EtcdCluster,involvedObject.uid=u"
        let list = try await api.call("GET", "/api/v1/namespaces/default/events?fieldSelector=\(fields)")
        #expect(list.json["items"]?.array?.map { $0[path: "involvedObject", "name"] } == ["two"])
    }

    @Test("A table has the kind's columns, a row for each record, and as much of the record as asked for")
    func tables() async throws {
        let api = try await APIFixture()
        _ = try await api.call("POST", Sample.clusters, Sample.cluster("demo"))
        let accept = ["Accept": Self.tableType]
        let table = try await api.call("GET", Sample.clusters, headers: accept).json
        #expect(table["kind"] == "Table" && table["apiVersion"] == "meta.k8s.io/v1")
        let columns = table["columnDefinitions"]?.array ?? []
        #expect(columns.compactMap { $0["name"]?.string } == ["Name"] + EtcdCluster.columns.map(\.name))
        #expect(columns.contains { $0["priority"] == 1 } && columns.first?["priority"] == 0)
        let row = try #require(table["rows"]?.array?.first)
        #expect(row["cells"]?.array?.count == columns.count && row["cells"]?.array?.first == "demo")
        #expect(row[path: "object", "kind"] == "PartialObjectMetadata" && row[path: "object", "spec"] == nil)
        #expect(row[path: "object", "metadata", "namespace"] == "default")
        let whole = try await api.call("GET", "\(Sample.clusters)?includeObject=Object", headers: accept).json
        #expect(whole["rows"]?.array?.first?[path: "object", "kind"] == "EtcdCluster")
        let bare = try await api.call("GET", "\(Sample.clusters)?includeObject=None", headers: accept).json
        #expect(bare["rows"]?.array?.first?["object"] == nil)
        let single = try await api.call("GET", "\(Sample.clusters)/demo", headers: accept).json
        #expect(single["rows"]?.array?.count == 1)
        #expect(try await api.call("GET", "\(Sample.clusters)?includeObject=All", headers: accept).status == 400)
        let missing = try await api.call("GET", "\(Sample.clusters)/none", headers: accept)
        #expect(missing.status == 404 && missing.json["kind"] == "Status")
    }
}
