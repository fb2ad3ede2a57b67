import Controller
import Model
import Testing

struct RecordAdmissionTests {
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
        let problems = try RecordAdmission.problems(
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
            try RecordAdmission.problems(document(new), replacing: document(old), of: EtcdCluster.kind).isEmpty)
    }

    @Test("An inspection keeps its cluster and type, a backup its cluster and storage")
    func immutable() throws {
        let inspection = try RecordAdmission.problems(
            document(#"{"clusterRef":{"name":"x"},"type":"Consistency"}"#, kind: EtcdInspection.kind),
            replacing: document(#"{"clusterRef":{"name":"y"},"type":"Health"}"#, kind: EtcdInspection.kind),
            of: EtcdInspection.kind)
        #expect(inspection.map(\.path.description) == ["spec.clusterRef", "spec.type"])
        let backup = try RecordAdmission.problems(
            document(#"{"clusterRef":{"name":"x"},"storage":{"path":"/a"}}"#, kind: EtcdBackup.kind),
            replacing: document(#"{"clusterRef":{"name":"y"},"storage":{"path":"/b"}}"#, kind: EtcdBackup.kind),
            of: EtcdBackup.kind)
        #expect(backup.map(\.path.description) == ["spec.clusterRef", "spec.storage"])
    }
}
