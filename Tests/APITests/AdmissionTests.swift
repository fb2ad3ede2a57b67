import API
import Model
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
}
