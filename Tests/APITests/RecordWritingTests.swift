import API
import Model
import Store
import Testing
import Transport

/// Creating, changing and removing records.
@Suite(.timeLimit(.minutes(5)))
struct RecordWritingTests {
    @Test("A created record comes back with its defaults and the server's metadata")
    func create() async throws {
        let api = try await APIFixture()
        let created = try await api.call("POST", Sample.clusters, Sample.cluster("demo"))
        #expect(created.status == 201)
        #expect(created.json["kind"] == "EtcdCluster" && created.json["apiVersion"] == "lodestone.dev/v1alpha1")
        #expect(created.json[path: "spec", "size"] == 3)
        let metadata = try #require(created.json["metadata"])
        #expect(metadata["namespace"] == "default" && metadata["generation"] == 1)
        for field in ["uid", "resourceVersion", "creationTimestamp"] {
            #expect(metadata[field]?.string?.isEmpty == false, "\(field)")
        }
        #expect(try await api.call("GET", "\(Sample.clusters)/demo").json == created.json)
        let again = try await api.call("POST", Sample.clusters, Sample.cluster("demo"))
        #expect(again.status == 409 && again.reason == "AlreadyExists")
        #expect(again.message == "etcdclusters.lodestone.dev \"demo\" already exists")
    }

    @Test("Kind, version and namespace may be left out, but not contradict the path")
    func addressing() async throws {
        let api = try await APIFixture()
        let bare: Value = ["metadata": ["generateName": "demo-"], "spec": ["provider": "Local", "version": "3.4.23"]]
        let created = try await api.call("POST", Sample.clusters, bare, type: nil)
        #expect(created.status == 201)
        let name = try #require(created.json[path: "metadata", "name"]?.string)
        #expect(name.hasPrefix("demo-") && name.count > 5)
        for (patch, word): (Value, String) in [
            (["kind": "Secret"], "EtcdCluster"), (["apiVersion": "v1"], "lodestone.dev/v1alpha1"),
            (["metadata": ["namespace": "other"]], "namespace"),
        ] {
            let refused = try await api.call("POST", Sample.clusters, Sample.cluster("x", patch))
            #expect(refused.status == 400 && refused.reason == "BadRequest" && refused.message.contains(word))
        }
        let renamed = try await api.call("PUT", "\(Sample.clusters)/\(name)", Sample.cluster("other"))
        #expect(renamed.status == 400)
        #expect(renamed.message == "the name of the object (other) does not match the name on the URL (\(name))")
    }

    @Test("A namespace must exist before anything is put into it")
    func missingNamespace() async throws {
        let api = try await APIFixture()
        let path = "/apis/lodestone.dev/v1alpha1/namespaces/team-a/etcdclusters"
        let refused = try await api.call("POST", path, Sample.cluster("demo"))
        #expect(refused.status == 404 && refused.message == "namespaces \"team-a\" not found")
        #expect(refused.json[path: "details", "kind"] == "namespaces")
        let made = try await api.call("POST", "/api/v1/namespaces", ["metadata": ["name": "team-a"]])
        #expect(made.status == 201 && made.json[path: "status", "phase"] == "Active")
        #expect(try await api.call("POST", path, Sample.cluster("demo")).status == 201)
        #expect(try await api.call("GET", "/api/v1/namespaces/team-a").json["kind"] == "Namespace")
        #expect(try await api.call("GET", "/api/v1/namespaces/team-a/status").json["kind"] == "Namespace")
        let everywhere = try await api.call("GET", "/apis/lodestone.dev/v1alpha1/etcdclusters")
        #expect(everywhere.json["items"]?.array?.count == 1)
    }

    @Test("Unknown fields are refused with their paths, dropped with a warning, or dropped, as the client asks")
    func fieldValidation() async throws {
        let api = try await APIFixture()
        let odd = Sample.cluster("odd", ["spec": ["siez": 3, "backup": ["intervall": "1h"]], "extra": 1])
        for query in ["", "?fieldValidation=Strict"] {
            let refused = try await api.call("POST", Sample.clusters + query, odd)
            #expect(refused.status == 400 && refused.reason == "BadRequest")
            let prefix =
                "EtcdCluster in version \"v1alpha1\" cannot be handled as a EtcdCluster: strict decoding error: "
            #expect(refused.message.hasPrefix(prefix))
            let causes = refused.json[path: "details", "causes"]?.array ?? []
            let fields = Set(causes.compactMap { $0["field"]?.string })
            #expect(fields.isSuperset(of: ["spec.siez", "spec.backup.intervall", "extra"]))
            #expect(refused.message.contains("did you mean \"size\"?"))
        }
        let fine = Sample.cluster("odd", ["spec": ["siez": 3], "extra": 1])
        let warned = try await api.call("POST", "\(Sample.clusters)?fieldValidation=Warn", fine)
        #expect(warned.status == 201)
        let warnings = warned.headers.filter { $0.name == "Warning" }.map(\.value)
        #expect(
            Set(warnings) == ["299 - \"unknown field \\\"spec.siez\\\"\"", "299 - \"unknown field \\\"extra\\\"\""])
        #expect(warned.json[path: "spec", "siez"] == nil)
        let other = fine.merging(patch: ["metadata": ["name": "other"]])
        let silent = try await api.call("POST", "\(Sample.clusters)?fieldValidation=Ignore", other)
        #expect(silent.status == 201 && silent.header("Warning") == nil)
        #expect(try await api.call("POST", "\(Sample.clusters)?fieldValidation=Maybe", fine).status == 400)
    }

    @Test("An invalid record is answered with every cause and its field")
    func invalid() async throws {
        let api = try await APIFixture()
        let wrong = Sample.cluster("wrong", ["spec": ["size": 2, "version": 3, "provider": "Cloud"]])
        let refused = try await api.call("POST", Sample.clusters, wrong)
        #expect(refused.status == 422 && refused.reason == "Invalid")
        let details = try #require(refused.json["details"])
        #expect(details["kind"] == "EtcdCluster" && details["group"] == "lodestone.dev" && details["name"] == "wrong")
        let fields = (details["causes"]?.array ?? []).compactMap { $0["field"]?.string }
        #expect(fields.contains("spec.provider") && fields.contains("spec.version"))
        #expect((details["causes"]?.array ?? []).allSatisfy { $0["message"]?.string?.isEmpty == false })
    }

    @Test("An update with a stale version is refused; without a version it wins")
    func optimisticLocking() async throws {
        let api = try await APIFixture()
        let first = try await api.call("POST", Sample.clusters, Sample.cluster("demo")).json
        let path = "\(Sample.clusters)/demo"
        let changed = first.merging(patch: ["spec": ["paused": true]])
        let second = try await api.call("PUT", path, changed)
        #expect(second.status == 200 && second.json[path: "metadata", "generation"] == 2)
        let stale = try await api.call("PUT", path, first)
        #expect(stale.status == 409 && stale.reason == "Conflict")
        let words = "the object has been modified; please apply your changes to the latest version and try again"
        #expect(
            stale.message == "Operation cannot be fulfilled on etcdclusters.lodestone.dev \"demo\": \(words)")
        let blind = try await api.call("PUT", path, Sample.cluster("demo", ["metadata": ["labels": ["a": "b"]]]))
        #expect(blind.status == 200 && blind.json[path: "metadata", "labels", "a"] == "b")
        let same = try await api.call("PUT", path, blind.json)
        #expect(same.json == blind.json, "an update that says nothing new keeps its version")
        #expect(try await api.call("PUT", "\(Sample.clusters)/none", Sample.cluster("none")).status == 404)
    }

    @Test("A merge patch changes what it names, removes what it nulls, and leaves the rest")
    func mergePatch() async throws {
        let api = try await APIFixture()
        let path = "\(Sample.clusters)/demo"
        let base = Sample.cluster(
            "demo", ["metadata": ["labels": ["keep": "1", "drop": "1"]], "spec": ["paused": true]])
        let first = try await api.call("POST", Sample.clusters, base).json
        let merge = "application/merge-patch+json"
        let patch: Value = ["metadata": ["labels": ["drop": nil, "new": "2"]], "spec": ["paused": nil]]
        let patched = try await api.call("PATCH", path, patch, type: merge)
        #expect(patched.status == 200)
        #expect(patched.json[path: "metadata", "labels"] == ["keep": "1", "new": "2"])
        #expect(patched.json[path: "spec", "version"] == "3.4.23")
        #expect(patched.json[path: "metadata", "uid"] == first[path: "metadata", "uid"])
        let again = try await api.call("PATCH", path, ["spec": ["version": "3.4.23"]], type: merge)
        #expect(again.json == patched.json, "a patch that changes nothing keeps the version")
        let version = try #require(first[path: "metadata", "resourceVersion"])
        let stale = try await api.call("PATCH", path, ["metadata": ["resourceVersion": version]], type: merge)
        #expect(stale.status == 409)
        let unknown = try await api.call("PATCH", path, ["spec": ["nope": 1]], type: merge)
        #expect(unknown.status == 200 && unknown.header("Warning")?.contains("spec.nope") == true)
        #expect(unknown.json == patched.json)
        let strict = try await api.call("PATCH", "\(path)?fieldValidation=Strict", ["spec": ["nope": 1]], type: merge)
        #expect(strict.status == 400 && strict.message.contains("spec.nope"))
        let list = try await api.call("PATCH", path, [1], type: merge)
        #expect(list.status == 400)
        let missing = try await api.call("PATCH", "\(Sample.clusters)/none", patch, type: merge)
        #expect(missing.status == 404)
    }

    @Test("A strategic merge patch merges finalizers and ignores directives")
    func strategicPatch() async throws {
        let api = try await APIFixture()
        let path = "\(Sample.secrets)/s"
        let finalizers: Value = ["metadata": ["finalizers": ["a.example/x"]]]
        _ = try await api.call("POST", Sample.secrets, Sample.secret("s", finalizers))
        let strategic = "application/strategic-merge-patch+json"
        let added = try await api.call(
            "PATCH", path,
            [
                "metadata": [
                    "finalizers": ["b.example/y"], "$setElementOrder/finalizers": ["a.example/x", "b.example/y"],
                ], "data": ["user": "YWRtaW4="],
            ], type: strategic)
        #expect(added.json[path: "metadata", "finalizers"] == ["a.example/x", "b.example/y"])
        #expect(added.json["data"] == ["password": "c2VjcmV0", "user": "YWRtaW4="])
        let removed = try await api.call(
            "PATCH", path, ["metadata": ["$deleteFromPrimitiveList/finalizers": ["a.example/x"]]], type: strategic)
        #expect(removed.json[path: "metadata", "finalizers"] == ["b.example/y"])
    }

    @Test("Plain texts of a secret are folded into its data, on create and on patch")
    func secrets() async throws {
        let api = try await APIFixture()
        let texts: Value = ["stringData": ["user": "admin"]]
        let made = try await api.call("POST", Sample.secrets, Sample.secret("s", texts))
        #expect(made.json["data"] == ["password": "c2VjcmV0", "user": "YWRtaW4="])
        #expect(made.json["stringData"] == nil)
        let patched = try await api.call(
            "PATCH", "\(Sample.secrets)/s", ["stringData": ["user": "root"]], type: "application/merge-patch+json")
        #expect(patched.json["data"] == ["password": "c2VjcmV0", "user": "cm9vdA=="])
        let broken = try await api.call("POST", Sample.secrets, Sample.secret("t", ["data": ["k": "***"]]))
        #expect(broken.status == 422)
    }

    @Test("Status is written at its own path and nowhere else")
    func status() async throws {
        let api = try await APIFixture()
        let path = "\(Sample.clusters)/demo"
        let sneaky = Sample.cluster("demo", ["status": ["leader": "m0"]])
        let first = try await api.call("POST", Sample.clusters, sneaky).json
        #expect(first[path: "status", "leader"] == nil)
        let merge = "application/merge-patch+json"
        let written = try await api.call(
            "PATCH", "\(path)/status", ["status": ["leader": "m1"], "spec": ["paused": true]], type: merge)
        #expect(written.status == 200 && written.json[path: "status", "leader"] == "m1")
        #expect(written.json[path: "spec", "paused"] != true)
        #expect(written.json[path: "metadata", "generation"] == 1)
        let put = try await api.call(
            "PUT", "\(path)/status", written.json.merging(patch: ["status": ["leader": "m2"]]))
        #expect(put.json[path: "status", "leader"] == "m2")
        let main = try await api.call("PUT", path, put.json.merging(patch: ["status": ["leader": "m3"]]))
        #expect(main.json[path: "status", "leader"] == "m2")
        #expect(try await api.call("GET", "\(path)/status").json[path: "status", "leader"] == "m2")
        #expect(try await api.call("DELETE", "\(path)/status").status == 405)
        #expect(try await api.call("GET", "\(Sample.secrets)/s/status").status == 404)
    }

    @Test("A record without finalizers is gone at once; one with finalizers is marked and goes with the last")
    func delete() async throws {
        let api = try await APIFixture()
        let path = "\(Sample.clusters)/demo"
        let made = try await api.call("POST", Sample.clusters, Sample.cluster("demo")).json
        let removed = try await api.call("DELETE", path, ["propagationPolicy": "Background"])
        #expect(removed.status == 200 && removed.json["kind"] == "Status" && removed.json["status"] == "Success")
        #expect(removed.json["details"]?["uid"] == made[path: "metadata", "uid"])
        #expect(removed.json["details"]?["kind"] == "etcdclusters" && removed.json["details"]?["name"] == "demo")
        let missing = try await api.call("DELETE", path)
        #expect(missing.status == 404 && missing.message == "etcdclusters.lodestone.dev \"demo\" not found")

        let held = Sample.cluster("demo", ["metadata": ["finalizers": ["lodestone.dev/members"]]])
        _ = try await api.call("POST", Sample.clusters, held)
        let marked = try await api.call("DELETE", path)
        #expect(marked.status == 200 && marked.json["kind"] == "EtcdCluster")
        #expect(marked.json[path: "metadata", "deletionTimestamp"]?.string != nil)
        #expect(try await api.call("GET", path).status == 200)
        let released = try await api.call(
            "PATCH", path, ["metadata": ["finalizers": nil]], type: "application/merge-patch+json")
        #expect(released.status == 200)
        #expect(try await api.call("GET", path).status == 404)
    }

    @Test("A removal on conditions that do not hold is refused, and the default namespace stays")
    func guardedDelete() async throws {
        let api = try await APIFixture()
        _ = try await api.call("POST", Sample.clusters, Sample.cluster("demo"))
        let path = "\(Sample.clusters)/demo"
        let other = try await api.call("DELETE", path, ["preconditions": ["uid": "another"]])
        #expect(other.status == 409 && other.reason == "Conflict")
        let trial = try await api.call("DELETE", path, ["dryRun": ["All"]])
        #expect(trial.status == 200)
        #expect(try await api.call("GET", path).status == 200)
        let namespace = try await api.call("DELETE", "/api/v1/namespaces/default")
        #expect(namespace.status == 403 && namespace.reason == "Forbidden")
    }

    @Test("A dry run says what would be and changes nothing", arguments: ["POST", "PUT", "PATCH"])
    func dryRun(method: String) async throws {
        let api = try await APIFixture()
        let name = method == "POST" ? "" : "/demo"
        if method != "POST" {
            _ = try await api.call("POST", Sample.clusters, Sample.cluster("demo"))
        }
        let body = Sample.cluster("demo", ["spec": ["paused": true]])
        let type = method == "PATCH" ? "application/merge-patch+json" : "application/json"
        let revision = api.store.revision
        let trial = try await api.call(method, "\(Sample.clusters)\(name)?dryRun=All", body, type: type)
        #expect((200...201).contains(trial.status) && trial.json[path: "spec", "paused"] == true)
        #expect(api.store.revision == revision)
        #expect(try await api.call(method, "\(Sample.clusters)\(name)?dryRun=Some", body, type: type).status == 400)
    }

    @Test("Patches without a condition all get through, however many write at once")
    func concurrentPatches() async throws {
        let api = try await APIFixture()
        _ = try await api.call("POST", Sample.clusters, Sample.cluster("demo"))
        let statuses = try await withThrowingTaskGroup { group in
            for index in 0..<6 {
                group.addTask {
                    try await api.call(
                        "PATCH", "\(Sample.clusters)/demo", ["metadata": ["labels": ["l\(index)": "x"]]],
                        type: "application/merge-patch+json"
                    ).status
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == Array(repeating: 200, count: 6))
        let labels = try await api.call("GET", "\(Sample.clusters)/demo").json[path: "metadata", "labels"]
        #expect(labels?.members?.count == 6)
    }

    @Test("A record may come as YAML")
    func yaml() async throws {
        let api = try await APIFixture()
        let text = """
            kind: EtcdCluster
            metadata: {name: demo}
            spec:
              provider: Local
              version: 3.4.23
            """
        let made = try await api.call("POST", Sample.clusters, bytes: Array(text.utf8), type: "application/yaml")
        #expect(made.status == 201 && made.json[path: "spec", "version"] == "3.4.23")
    }

    @Test(
        "A body that cannot be read is refused with the reason",
        arguments: [
            ("POST", "application/json", "", 400), ("POST", "application/json", "{", 400),
            ("POST", "application/json", "[]", 400), ("POST", "application/json", "{\"metadata\": 1}", 422),
            ("POST", "application/json", String(repeating: "[", count: 100_000), 400),
            ("POST", "application/vnd.kubernetes.protobuf", "k8s", 400), ("POST", "text/html", "<a>", 415),
            ("POST", "application/yaml", "a: [", 400), ("POST", "application/yaml", "a: 1\n---\nb: 2", 400),
        ])
    func unreadable(method: String, type: String, text: String, status: Int) async throws {
        let api = try await APIFixture()
        let refused = try await api.call(method, Sample.clusters, bytes: Array(text.utf8), type: type)
        #expect(refused.status == status, "\(refused.message)")
        #expect(refused.json["kind"] == "Status" && !refused.message.isEmpty)
    }

    @Test(
        "Patch types that are not offered are refused",
        arguments: ["", "application/json", "text/plain"])
    func patchTypes(type: String) async throws {
        let api = try await APIFixture()
        _ = try await api.call("POST", Sample.clusters, Sample.cluster("demo"))
        let refused = try await api.call("PATCH", "\(Sample.clusters)/demo", ["spec": [:]], type: type)
        #expect(refused.status == 415 && refused.reason == "UnsupportedMediaType")
    }
}
