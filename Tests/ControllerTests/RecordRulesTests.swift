import Controller
import Model
import Testing

struct RecordRulesTests {
    private func document(_ spec: String, kind: Kind = EtcdCluster.kind) throws -> Value {
        try Value(
            json:
                #"{"apiVersion":"\#(kind.apiVersion)","kind":"\#(kind.name)","metadata":{"name":"a"},"spec":\#(spec)}"#)
    }

    @Test(
        "What may not change, or cannot yet, is refused with a sentence",
        arguments: [
            (#"{"version":"3.4.23"}"#, #"{"version":"3.4.24"}"#, "spec.version"),
            (#"{"version":"3.4.23"}"#, #"{"version":"3.4.23","size":5}"#, "spec.size"),
            (#"{"version":"3.4.23"}"#, #"{"version":"3.4.23","args":{"snapshot-count":"5"}}"#, "spec.args"),
            (#"{"version":"3.4.23"}"#, #"{"version":"3.4.23","storage":{"quota":"1Gi"}}"#, "spec.storage.quota"),
            (#"{"version":"3.4.23"}"#, #"{"provider":"Imported","endpoints":["http://h:1"]}"#, "spec.provider"),
            (
                #"{"version":"3.4.23"}"#, #"{"version":"3.4.23","backup":{"interval":"1h","storage":{"path":"x/y"}}}"#,
                "spec.backup.storage.path"
            ),
            (
                #"{"version":"3.4.23"}"#, #"{"version":"3.4.23","backup":{"schedule":"61 * * * *"}}"#,
                "spec.backup.schedule"
            ),
            (#"{"version":"3.4.23"}"#, #"{"version":"3.4.23","args":{"data-dir":"/tmp"}}"#, "spec.args.data-dir"),
        ])
    func refused(old: String, new: String, field: String) throws {
        let problems = try RecordRules.problems(
            document(new), replacing: document(old), of: EtcdCluster.kind)
        #expect(problems.map(\.path.description).contains(field))
        #expect(problems.allSatisfy { !$0.message.isEmpty })
    }

    @Test(
        "What may change is let through",
        arguments: [
            (#"{"version":"3.4.23"}"#, #"{"version":"3.4.23","paused":true}"#),
            (#"{"version":"3.4.23"}"#, #"{"version":"3.4.23","backup":{"interval":"1h"},"deletionPolicy":"Delete"}"#),
            (
                #"{"provider":"Imported","endpoints":["http://h:1"]}"#,
                #"{"provider":"Imported","endpoints":["http://h:2"]}"#
            ),
        ])
    func allowed(old: String, new: String) throws {
        #expect(
            try RecordRules.problems(document(new), replacing: document(old), of: EtcdCluster.kind).isEmpty)
    }

    @Test(
        "What a cluster sets in an inspection it owns is refused there, with the cluster's own field",
        arguments: [
            (#""interval":"1h""#, "spec.interval", "spec.inspections.health.interval"),
            (#""timeout":"9s""#, "spec.timeout", "spec.inspections.health.timeout"),
            (#""thresholds":{"lag":5}"#, "spec.thresholds", "spec.inspections.health.thresholds"),
            (#""suspend":true"#, "spec.suspend", "spec.inspections.health.enabled"),
        ])
    func owned(change: String, field: String, remedy: String) throws {
        let owners = #"[{"apiVersion":"x/v1","kind":"EtcdCluster","name":"orders","uid":"u"}]"#
        func document(_ more: String = "", name: String = "orders-health", owners: String = owners) throws -> Value {
            let spec = #"{"clusterRef":{"name":"orders"},"type":"Health"\#(more.isEmpty ? "" : ",")\#(more)}"#
            let metadata = #"{"name":"\#(name)","ownerReferences":\#(owners)}"#
            let kind = EtcdInspection.kind
            return try Value(
                json:
                    #"{"apiVersion":"\#(kind.apiVersion)","kind":"\#(kind.name)","metadata":\#(metadata),"spec":\#(spec)}"#
            )
        }
        let problems = try RecordRules.problems(document(change), replacing: document(), of: EtcdInspection.kind)
        #expect(problems.map(\.path.description) == [field])
        #expect(problems.first?.message.contains(#"EtcdCluster "orders""#) == true)
        #expect(problems.first?.message.contains(remedy) == true)
        // Nor may the owner be taken out, alone or with a change.
        let disowned = try RecordRules.problems(
            document(change, owners: "[]"), replacing: document(), of: EtcdInspection.kind)
        #expect(disowned.map(\.path.description) == [field, "metadata.ownerReferences"])
        // What nobody sets, and what is somebody else's, may change.
        for (old, new) in [
            (try document(), try document(#""historyLimit":3"#)),
            (try document(name: "mine"), try document(change, name: "mine")),
            (try document(owners: "[]"), try document(change, owners: "[]")),
        ] {
            #expect(RecordRules.problems(new, replacing: old, of: EtcdInspection.kind).isEmpty)
        }
    }

    @Test("An inspection keeps its cluster and type, a backup its cluster and storage")
    func immutable() throws {
        let inspection = try RecordRules.problems(
            document(#"{"clusterRef":{"name":"x"},"type":"Consistency"}"#, kind: EtcdInspection.kind),
            replacing: document(#"{"clusterRef":{"name":"y"},"type":"Health"}"#, kind: EtcdInspection.kind),
            of: EtcdInspection.kind)
        #expect(inspection.map(\.path.description) == ["spec.clusterRef", "spec.type"])
        let backup = try RecordRules.problems(
            document(#"{"clusterRef":{"name":"x"},"storage":{"path":"/a"}}"#, kind: EtcdBackup.kind),
            replacing: document(#"{"clusterRef":{"name":"y"},"storage":{"path":"/b"}}"#, kind: EtcdBackup.kind),
            of: EtcdBackup.kind)
        #expect(backup.map(\.path.description) == ["spec.clusterRef", "spec.storage"])
    }
}
