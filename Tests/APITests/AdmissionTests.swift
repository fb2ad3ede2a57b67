import API
import Model
import Store
import Testing

/// The rules of whoever composes the service, asked before anything is written or removed.
@Suite(.timeLimit(.minutes(5)))
struct AdmissionTests {
    @Test("The rules on writes see the old and the new record, and their problems become causes")
    func admission() async throws {
        let api = try await APIFixture { options in
            options.admission = Admission { new, old, kind in
                guard let old, kind == EtcdCluster.kind else { return [] }
                guard new[path: "spec", "version"] != old[path: "spec", "version"] else { return [] }
                return [FieldProblem("spec.version", .forbidden, "upgrades are not built yet")]
            }
        }
        let path = "\(Sample.clusters)/demo"
        _ = try await api.call("POST", Sample.clusters, Sample.cluster("demo"))
        for (method, type) in [("PUT", "application/json"), ("PATCH", "application/merge-patch+json")] {
            let newer = Sample.cluster("demo", ["spec": ["version": "3.5.21"]])
            for query in ["", "?dryRun=All"] {
                let refused = try await api.call(method, path + query, newer, type: type)
                #expect(refused.status == 422)
                #expect(refused.json[path: "details", "causes"]?.array?.first?["reason"] == "FieldValueForbidden")
                #expect(refused.json[path: "details", "causes"]?.array?.first?["field"] == "spec.version")
            }
        }
        let labelled = Sample.cluster("demo", ["metadata": ["labels": ["a": "b"]]])
        #expect(try await api.call("PUT", path, labelled).status == 200)
    }

    @Test("What the rules protect is not removed, and warnings reach the client")
    func objections() async throws {
        let api = try await APIFixture { options in
            options.admission.objection = { record, _ in
                record[path: "spec", "deletionProtection"] == false ? nil : "it is protected"
            }
            options.admission.warnings = { _, _ in ["take care"] }
        }
        let path = "\(Sample.clusters)/demo"
        let created = try await api.call("POST", Sample.clusters, Sample.cluster("demo"))
        #expect(created.header("Warning") == "299 - \"take care\"")
        for query in ["", "?dryRun=All"] {
            let refused = try await api.call("DELETE", path + query)
            #expect(refused.status == 403 && refused.reason == "Forbidden")
            #expect(refused.message == "etcdclusters.lodestone.dev \"demo\" is forbidden: it is protected")
        }
        #expect(try await api.call("GET", path).status == 200)
        let change: Value = ["spec": ["deletionProtection": false]]
        #expect(try await api.call("PATCH", path, change, type: "application/merge-patch+json").status == 200)
        let labelled: Value = ["metadata": ["labels": ["a": "b"]]]
        let quiet = try await api.call("PATCH", path, labelled, type: "application/merge-patch+json")
        #expect(quiet.header("Warning") == nil)
        #expect(try await api.call("DELETE", path).status == 200)
        #expect(try await api.call("DELETE", path).status == 404)
    }

    /// Sends many requests at the same moment; what each was answered.
    private static func atOnce(
        _ count: Int, _ request: @escaping @Sendable (Int) async throws -> APIFixture.Answer
    ) async throws -> [APIFixture.Answer] {
        try await withThrowingTaskGroup(of: APIFixture.Answer.self) { group in
            for number in 0..<count {
                group.addTask { try await request(number) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    @Test(
        "What must hold of all records is part of the write: of fifty at once as many pass as there is room for",
        arguments: ["create", "apply", "generateName"])
    func conditions(way: String) async throws {
        let api = try await APIFixture { options in
            options.admission.condition = { _, old, kind in
                guard old == nil, kind == EtcdCluster.kind else { return nil }
                return WriteCondition { (records) throws(StoreError) in
                    let count = try records.count(EtcdCluster.kind, in: "default")
                    return count > 5 ? [FieldProblem("metadata.namespace", .forbidden, "is full")] : []
                }
            }
        }
        let answers = try await Self.atOnce(50) { number in
            switch way {
            case "apply":
                return try await api.call(
                    "PATCH", "\(Sample.clusters)/c\(number)?fieldManager=test", Sample.cluster("c\(number)"),
                    type: "application/apply-patch+yaml")
            case "generateName":
                return try await api.call(
                    "POST", Sample.clusters, Sample.cluster("", ["metadata": ["generateName": "c-"]]))
            default: return try await api.call("POST", Sample.clusters, Sample.cluster("c\(number)"))
            }
        }
        let refused = answers.filter { $0.status == 422 }
        #expect(answers.count { $0.status == 201 } == 5 && refused.count == 45)
        #expect(refused.allSatisfy { $0.json[path: "details", "causes"]?.array?.first?["message"] == "is full" })
        #expect(try await api.store.list(EtcdCluster.self).count == 5)
        // Trials are told the same, and what is there stays changeable.
        let trial = try await api.call("POST", "\(Sample.clusters)?dryRun=All", Sample.cluster("more"))
        #expect(trial.status == 422)
        let name = try #require(try await api.store.list(EtcdCluster.self).first).metadata.name
        let labelled: Value = ["metadata": ["labels": ["a": "b"]]]
        let change = try await api.call(
            "PATCH", "\(Sample.clusters)/\(name)", labelled, type: "application/merge-patch+json")
        #expect(change.status == 200)
    }

    @Test("Of tokens with one digest made at the same moment one is")
    func digests() async throws {
        let api = try await APIFixture()
        let digest = String(repeating: "ab", count: 32)
        let answers = try await Self.atOnce(50) { number in
            try await api.call(
                "POST", "\(Sample.group)/accesstokens",
                ["metadata": ["name": .string("t\(number)")], "spec": ["user": "u", "digest": .string(digest)]])
        }
        #expect(answers.count { $0.status == 201 } == 1)
        let refused = answers.filter { $0.status == 422 }
        #expect(refused.count == 49)
        #expect(refused.allSatisfy { $0.json[path: "details", "causes"]?.array?.first?["field"] == "spec.digest" })
        #expect(try await api.store.list(AccessToken.self).count == 1)
    }

    @Test(
        "A list whose elements are told apart holds none twice, however it is written",
        arguments: [
            (
                ["metadata": ["finalizers": ["a.b/c", "a.b/c"]]], "metadata.finalizers[1]", ""
            ),
            (
                [
                    "spec": [
                        "provider": "Imported", "version": nil, "size": nil, "endpoints": ["http://127.0.0.1:1"],
                        "endpointMap": [
                            ["advertised": "http://10.0.0.1:2379", "reachable": "http://127.0.0.1:1"],
                            ["advertised": "http://10.0.0.1:2379", "reachable": "http://127.0.0.1:2"],
                        ],
                    ]
                ], "spec.endpointMap[1]", ""
            ),
            (
                [
                    "status": [
                        "conditions": [
                            ["type": "Ready", "status": "True"], ["type": "Ready", "status": "False"],
                        ]
                    ]
                ], "status.conditions[1]", "/status"
            ),
        ] as [(Value, String, String)])
    func duplicates(change: Value, field: String, subresource: String) async throws {
        let api = try await APIFixture()
        let path = "\(Sample.clusters)/demo"
        if subresource.isEmpty {
            let created = try await api.call("POST", Sample.clusters, Sample.cluster("demo", change))
            #expect(created.status == 422, "\(created.message)")
            #expect(created.json[path: "details", "causes"]?.array?.first?["field"] == .string(field))
        }
        #expect(try await api.call("POST", Sample.clusters, Sample.cluster("demo")).status == 201)
        for (method, type) in [
            ("PUT", "application/json"), ("PATCH", "application/merge-patch+json"),
            ("PATCH", "application/apply-patch+yaml"),
        ] {
            let body = method == "PUT" ? Sample.cluster("demo", change) : change
            let answer = try await api.call(
                method, path + subresource + "?fieldManager=test&force=\(type.contains("apply"))", body, type: type)
            #expect(answer.status == 422, "\(method) \(type): \(answer.message)")
            let causes = answer.json[path: "details", "causes"]?.array ?? []
            #expect(causes.contains { $0["field"] == .string(field) && $0["reason"] == "FieldValueDuplicate" })
        }
    }

    @Test("What was stored with an element twice stays changeable")
    func formerDuplicates() async throws {
        let api = try await APIFixture()
        _ = try await api.store.create(
            try RegisteredKind.all.first { $0.kind == EtcdCluster.kind }?.normalised(
                Sample.cluster("demo", ["metadata": ["namespace": "default", "finalizers": ["a.b/c", "a.b/c"]]]))
                ?? [:], kind: EtcdCluster.kind)
        let path = "\(Sample.clusters)/demo"
        let labelled: Value = ["metadata": ["labels": ["a": "b"]]]
        #expect(try await api.call("PATCH", path, labelled, type: "application/merge-patch+json").status == 200)
        let worse: Value = ["metadata": ["finalizers": ["a.b/c", "a.b/c", "d.e/f", "d.e/f"]]]
        #expect(try await api.call("PATCH", path, worse, type: "application/merge-patch+json").status == 422)
    }
}
