import API
import Model
import Store
import TestSupport
import Testing
import Transport

/// Removing records, one and many.
@Suite(.timeLimit(.minutes(5)))
struct RecordRemovalTests {
    private static func fixture(_ names: [String]) async throws -> APIFixture {
        let api = try await APIFixture()
        for name in names {
            let labels: Value = ["metadata": ["labels": ["team": name.hasPrefix("a") ? "a" : "b"]]]
            _ = try await api.call("POST", Sample.clusters, Sample.cluster(name, labels))
        }
        return api
    }

    private static func names(_ api: APIFixture) async throws -> [String] {
        try await api.call("GET", Sample.clusters).json["items"]?.array?
            .compactMap { $0[path: "metadata", "name"]?.string } ?? []
    }

    @Test("A collection is removed by its selectors, and the answer lists what went")
    func selected() async throws {
        let api = try await Self.fixture(["a1", "a2", "b1"])
        let removed = try await api.call("DELETE", "\(Sample.clusters)?labelSelector=team=a")
        #expect(removed.status == 200 && removed.json["kind"] == "EtcdClusterList")
        #expect(removed.json["apiVersion"] == "lodestone.dev/v1alpha1")
        let items = removed.json["items"]?.array ?? []
        #expect(items.compactMap { $0[path: "metadata", "name"]?.string } == ["a1", "a2"])
        #expect(try await Self.names(api) == ["b1"])
        let byName = try await api.call("DELETE", "\(Sample.clusters)?fieldSelector=metadata.name=b1")
        #expect(byName.json["items"]?.array?.count == 1)
        #expect(try await api.call("DELETE", Sample.clusters).json["items"] == [])
        #expect(try await api.call("DELETE", "\(Sample.clusters)?fieldSelector=spec.size=3").status == 400)
    }

    @Test("On trial nothing goes; records with finalizers are marked and listed")
    func trial() async throws {
        let api = try await Self.fixture(["a1", "a2"])
        let held = Sample.cluster("held", ["metadata": ["finalizers": ["a.example/x"]]])
        _ = try await api.call("POST", Sample.clusters, held)
        let revision = api.store.revision
        for (query, body): (String, Value?) in [("?dryRun=All", Optional.none), ("", ["dryRun": ["All"]])] {
            let trial = try await api.call("DELETE", Sample.clusters + query, body)
            #expect(trial.status == 200 && trial.json["items"]?.array?.count == 3, "\(trial.text)")
            #expect(api.store.revision == revision)
        }
        let removed = try await api.call("DELETE", Sample.clusters, ["propagationPolicy": "Background"])
        #expect(removed.json["items"]?.array?.count == 3)
        #expect(try await Self.names(api) == ["held"])
    }

    @Test("Where one record may not go, none of a collection does")
    func allOrNone() async throws {
        let api = try await Self.fixture(["a1", "a2"])
        let refused = try await api.call("DELETE", Sample.clusters, ["preconditions": ["uid": "of nobody"]])
        #expect(refused.status == 409)
        let second = try await api.call("GET", "\(Sample.clusters)/a2").json
        let only: Value = ["preconditions": ["uid": second[path: "metadata", "uid"] ?? nil]]
        #expect(try await api.call("DELETE", Sample.clusters, only).status == 409)
        #expect(try await Self.names(api) == ["a1", "a2"])
    }

    @Test("Namespaces, and the records of all of them, are not removed by one call")
    func refusals() async throws {
        let api = try await Self.fixture(["a1"])
        #expect(try await api.call("DELETE", "/api/v1/namespaces").status == 405)
        #expect(try await api.call("DELETE", "/apis/lodestone.dev/v1alpha1/etcdclusters").status == 405)
        #expect(try await api.call("GET", "\(Sample.clusters)/a1").status == 200)
        let kinds = try await api.call("GET", "/apis/lodestone.dev/v1alpha1").json["resources"]?.array ?? []
        let clusters = kinds.first { $0["name"] == "etcdclusters" }
        #expect(clusters?["verbs"]?.array?.contains("deletecollection") == true)
        let core = try await api.call("GET", "/api/v1").json["resources"]?.array ?? []
        #expect(core.first { $0["name"] == "namespaces" }?["verbs"]?.array?.contains("deletecollection") == false)
    }

    @Test("Options are taken from body and query; what they cannot mean is refused")
    func options() async throws {
        let api = try await Self.fixture(["a1"])
        let path = "\(Sample.clusters)/a1"
        let version = try await api.call("GET", path).json[path: "metadata", "resourceVersion"] ?? nil
        let wrong = try await api.call("DELETE", "\(path)?propagationPolicy=Sideways")
        #expect(wrong.status == 422 && wrong.message.contains("\"Background\", \"Foreground\""))
        #expect(try await api.call("DELETE", "\(path)?gracePeriodSeconds=soon").status == 400)
        #expect(try await api.call("DELETE", path, [1]).status == 400)
        #expect(try await api.call("DELETE", "\(path)?dryRun=Some").status == 400)
        #expect(try await api.call("DELETE", path, ["preconditions": ["resourceVersion": "1"]]).status == 409)
        let right: Value = [
            "kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0, "propagationPolicy": "Foreground",
            "preconditions": ["resourceVersion": version],
        ]
        #expect(try await api.call("DELETE", path, right).status == 200)
        #expect(try await api.call("GET", path).status == 404)
    }

    @Test("What a record owns goes with it, or stays without an owner")
    func dependents() async throws {
        let api = try await Self.fixture(["a1", "a2"])
        for (owner, policy) in [("a1", "Orphan"), ("a2", "Foreground")] {
            let uid = try await api.call("GET", "\(Sample.clusters)/\(owner)").json[path: "metadata", "uid"] ?? nil
            let reference: Value = [
                "apiVersion": "lodestone.dev/v1alpha1", "kind": "EtcdCluster", "name": .string(owner), "uid": uid,
            ]
            let owned: Value = ["metadata": ["ownerReferences": [reference]]]
            let made = try await api.call("POST", Sample.secrets, Sample.secret("of-\(owner)", owned))
            #expect(made.status == 201, "\(made.message)")
            let options: Value = ["propagationPolicy": .string(policy)]
            #expect(try await api.call("DELETE", "\(Sample.clusters)/\(owner)", options).status == 200)
        }
        let kept = try await api.call("GET", "\(Sample.secrets)/of-a1")
        #expect(kept.status == 200 && kept.json[path: "metadata", "ownerReferences"] == nil)
        #expect(try await api.call("GET", "\(Sample.secrets)/of-a2").status == 404)
    }

    @Test("However many unknown fields a body holds, it is answered soon and in few words")
    func manyUnknownFields() async throws {
        let api = try await APIFixture()
        var spec: Value.Members = ["provider": "Local", "version": "3.4.23"]
        for index in 0..<20_000 {
            spec.append("unknown\(index)", 1)
        }
        spec.append(String(repeating: "n", count: 500_000), 1)
        var document = Sample.cluster("demo")
        document["spec"] = .object(spec)
        let strict = try await api.call("POST", Sample.clusters, document)
        #expect(strict.status == 400 && strict.bytes.count < 100_000)
        let warned = try await api.call("POST", "\(Sample.clusters)?fieldValidation=Warn", document)
        #expect(warned.status == 201 && warned.json[path: "spec", "size"] == 3)
        let warnings = warned.headers.filter { $0.name == "Warning" }.map(\.value)
        #expect(warnings.reduce(0) { $0 + $1.utf8.count } < 4_096)
        #expect(warnings.last?.hasSuffix(" more\"") == true, "\(warnings)")
    }

    @Test("A write with a long head and many warnings is answered over a connection as well")
    func manyWarningsOnTheWire() async throws {
        let api = try await APIFixture()
        var spec: Value = [:]
        for number in 0..<85 { spec["unknown-field-of-the-tests-\(number)"] = 1 }
        let body = String(decoding: Sample.cluster("demo", ["spec": spec]).jsonBytes, as: UTF8.self)
        try await api.serving { server in
            // The longest head that is taken, to some bytes.
            let output = try await ChildProcess.run(
                "/usr/bin/curl",
                [
                    "-sS", "-i", "--noproxy", "*", "--max-time", "60", "-H",
                    "Authorization: Bearer \(APIFixture.token)",
                    "-H", "Content-Type: application/json", "-H", "X-Long: \(String(repeating: "x", count: 3_700))",
                    "-d", body, "\(server.url)\(Sample.clusters)?fieldValidation=Warn",
                ])
            #expect(output.output.hasPrefix("HTTP/1.1 201 "), "\(output)")
            #expect(output.output.contains(" more\"") && output.output.contains("\"uid\""), "\(output)")
        }
    }

    @Test("A generated name obeys the rules on names, also where its prefix is long, and is seen by admission")
    func generatedNames() async throws {
        let seen = NameList()
        let api = try await APIFixture { options in
            options.admission = Admission { new, _, _ in
                await seen.note(new[path: "metadata", "name"]?.string ?? "")
                return []
            }
        }
        func body(_ prefix: String) -> Value {
            Sample.cluster("", ["metadata": ["name": nil, "generateName": .string(prefix)]])
        }
        let long = try await api.call("POST", Sample.clusters, body(String(repeating: "a", count: 70)))
        #expect(long.status == 201 && long.json[path: "metadata", "name"]?.string?.count == 63, "\(long.message)")
        let wrong = try await api.call("POST", Sample.clusters, body("No_Name-"))
        #expect(wrong.status == 422 && wrong.json[path: "details", "causes"]?.array?.first?["field"] == "metadata.name")
        let trial = try await api.call("POST", "\(Sample.clusters)?dryRun=All", body("demo-"))
        #expect(trial.status == 201 && trial.json[path: "metadata", "name"]?.string?.hasPrefix("demo-") == true)
        #expect(await seen.names.count == 2)
        #expect(await seen.names.allSatisfy { !$0.isEmpty })
    }
}

/// The names a rule was asked about.
private actor NameList {
    private(set) var names: [String] = []

    func note(_ name: String) {
        names.append(name)
    }
}
