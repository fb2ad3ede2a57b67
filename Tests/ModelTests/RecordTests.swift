import Model
import Testing

struct RecordTests {
    private func cluster(_ spec: String, name: String = "orders") throws -> EtcdCluster {
        try EtcdCluster(
            document: Value(
                json:
                    #"{"apiVersion":"lodestone.dev/v1alpha1","kind":"EtcdCluster","metadata":{"name":"\#(name)"},"spec":\#(spec)}"#
            ))
    }

    @Test("Defaults are filled in and visible")
    func defaults() throws {
        let record = try cluster(#"{"version":"3.4.23","backup":{"interval":"1h"}}"#)
        #expect(record.spec.size == 3)
        #expect(record.spec.inspections.health.interval == .seconds(10))
        let spec = try #require(record.document["spec"])
        #expect(spec["provider"] == "Local")
        #expect(spec["size"] == 3)
        #expect(spec["deletionPolicy"] == "Retain")
        #expect(spec[path: "backup", "retention", "keepLast"] == 7)
        #expect(spec[path: "inspections", "consistency", "interval"] == "1m")
    }

    @Test("A record survives being written and read")
    func roundTrip() throws {
        var record = try cluster(#"{"provider":"Imported","endpoints":["https://10.0.0.5:2379"]}"#)
        record.status.members = [MemberStatus()]
        record.status.members[0].dbSize = ByteCount(409_300_001)
        record.status.conditions.set(
            Condition(.ready, .unknown, reason: "NotObserved", message: "no answer yet"),
            at: Timestamp(secondsSinceEpoch: 1_795_237_200), generation: 4)
        #expect(try EtcdCluster(document: Value(json: record.document.json)) == record)
    }

    @Test(
        "Each wrong field is named with what would be right",
        arguments: [
            (#"{"version":"3.4.23","sise":3}"#, #"spec.sise: unknown field "sise"; did you mean "size"?"#),
            (#"{"version":3.4}"#, "spec.version: must be a string, not a number; put it in quotes"),
            (#"{"version":"3.4.23","size":2}"#, "spec.size: 2 is not possible; choose 1, 3, 5 or 7"),
            (#"{"version":"3.4.23","size":"3"}"#, "spec.size: must be a whole number, not a string"),
            (#"{}"#, #"spec.version: must be given: the etcd version to run, such as "3.4.23""#),
            (
                #"{"provider":"Remote"}"#,
                #"spec.provider: "Remote" is not possible here; choose one of "Local", "Imported""#
            ),
            (
                #"{"provider":"Imported"}"#,
                #"spec.endpoints: must be given: at least one client URL, such as "http://10.0.0.5:2379""#
            ),
            (
                #"{"provider":"Imported","endpoints":["10.0.0.5"]}"#,
                #"spec.endpoints[0]: "10.0.0.5" is not a client URL; write it like "https://10.0.0.5:2379""#
            ),
            (
                #"{"provider":"Imported","endpoints":["http://h:1"],"endpointMap":[{"advertised":"http://a:1","reachable":"b"}]}"#,
                #"spec.endpointMap[0].reachable: "b" is not a client URL; write it like "https://10.0.0.5:2379""#
            ),
            (
                #"{"provider":"Imported","endpoints":["http://h:1"],"size":3}"#,
                "spec.size: does not apply to provider Imported; remove it"
            ),
            (
                #"{"version":"3.4.23","storage":{"quota":"8GB"}}"#,
                #"spec.storage.quota: "8GB" is not a size; write it like "512Mi" or "8Gi""#
            ),
            (
                #"{"version":"3.4.23","inspections":{"health":{"interval":10}}}"#,
                #"spec.inspections.health.interval: must be a duration with a unit; write it like "10s""#
            ),
            (
                #"{"version":"3.4.23","inspections":{"health":{"interval":"1ms"}}}"#,
                "spec.inspections.health.interval: 1ms is out of range; it must be between 1s and 24h"
            ),
            (
                #"{"version":"3.4.23","backup":{"interval":"1h","schedule":"0 * * * *"}}"#,
                "spec.backup.schedule: interval is given too; keep one of the two"
            ),
            (#"{"version":"3.4.23","backup":{}}"#, "spec.backup: needs an interval or a schedule"),
            (#"[]"#, "spec: must be an object, not a list"),
        ])
    func wrong(spec: String, sentence: String) throws {
        let error = #expect(throws: InvalidRecord.self) { try cluster(spec) }
        #expect(error?.problems.map(\.description) == [sentence])
    }

    @Test("All problems of a record are told at once")
    func several() throws {
        let error = #expect(throws: InvalidRecord.self) {
            try cluster(#"{"version":"x","size":4,"endpoints":["y"]}"#, name: "Orders!")
        }
        #expect(
            error?.problems.map(\.path.description) == [
                "metadata.name", "spec.version", "spec.size", "spec.endpoints", "spec.endpoints[0]",
            ])
    }

    @Test("A document of another kind is refused")
    func otherKind() throws {
        let document = try Value(json: #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}"#)
        let error = #expect(throws: InvalidRecord.self) { try EtcdCluster(document: document) }
        #expect(error?.problems.map(\.path.description) == ["apiVersion", "kind", "spec"])
    }

    @Test("Plain text in a Secret is folded into its data, and what is no base64 is refused")
    func secret() throws {
        let secret = try Secret(
            document: Value(json: #"{"metadata":{"name":"s"},"data":{"a":"QQ=="},"stringData":{"b":"geheim"}}"#))
        #expect(secret.text("a") == "A")
        #expect(secret.text("b") == "geheim")
        #expect(secret.document["stringData"] == nil)
        let error = #expect(throws: InvalidRecord.self) {
            try Secret(document: Value(json: #"{"metadata":{"name":"s"},"data":{"a":"plain text"}}"#))
        }
        #expect(error?.problems.first?.path.description == "data.a")
    }

    @Test("Conditions keep the time of their last change")
    func conditions() throws {
        var conditions: [Condition] = []
        let ready = Condition(.ready, .true, reason: "AllServe", message: "3 of 3")
        conditions.set(ready, at: Timestamp(secondsSinceEpoch: 10), generation: 1)
        conditions.set(ready, at: Timestamp(secondsSinceEpoch: 20), generation: 2)
        #expect(conditions[.ready]?.lastTransitionTime == Timestamp(secondsSinceEpoch: 10))
        #expect(conditions[.ready]?.observedGeneration == 2)
        conditions.set(
            Condition(.ready, .false, reason: "X", message: "y"), at: Timestamp(secondsSinceEpoch: 30), generation: 2)
        #expect(conditions[.ready]?.lastTransitionTime == Timestamp(secondsSinceEpoch: 30))
    }

    @Test("Equal outcomes of an inspection are one entry of its history, and the history is bounded")
    func history() {
        var history: [InspectionHistoryEntry] = []
        for second in 0..<100 {
            let verdict: Verdict = second / 10 % 2 == 0 ? .healthy : .degraded
            history.record(verdict, "at \(second)", at: Timestamp(secondsSinceEpoch: Int64(second)), limit: 4)
        }
        #expect(history.count == 4)
        #expect(history[0].runs == 10)
        #expect(history[0].verdict == .degraded)
        #expect(history[0].since == Timestamp(secondsSinceEpoch: 90))
        #expect(history[0].until == Timestamp(secondsSinceEpoch: 99))
    }

    @Test("Every kind is found by each of its names")
    func kinds() {
        for registered in RegisteredKind.all {
            for word in [registered.kind.name, registered.kind.plural, registered.kind.qualifiedPlural]
                + registered.kind.shortNames
            {
                #expect(RegisteredKind.named(word)?.kind == registered.kind)
            }
        }
        #expect(RegisteredKind.named("pod") == nil)
    }

    @Test("Every field of every kind has a description")
    func descriptions() {
        func walk(_ schema: Schema, _ path: String) {
            switch schema.shape {
            case .object(let fields):
                for field in fields {
                    #expect(field.description.count > 8 && field.description.hasSuffix("."), "\(path).\(field.name)")
                    walk(field.schema, "\(path).\(field.name)")
                }
            case .array(let element), .map(let element): walk(element, path)
            default: break
            }
        }
        for registered in RegisteredKind.all {
            walk(registered.schema, registered.kind.name)
        }
    }
}

struct ClusterRestoreTests {
    private func problems(_ json: String) throws -> [String] {
        let document =
            "{\"apiVersion\":\"lodestone.dev/v1alpha1\",\"kind\":\"EtcdCluster\",\"metadata\":{\"name\":\"a\"},\"spec\":\(json)}"
        do {
            _ = try EtcdCluster(document: Value(json: document))
            return []
        } catch let error as InvalidRecord {
            return error.problems.map { "\($0.path)" }
        }
    }

    @Test(
        "A restore names exactly one backup in one way",
        arguments: [
            (#"{"backupRef":{"name":"b"}}"#, []),
            (#"{"storage":{},"cluster":{"name":"o"},"latest":true}"#, []),
            (#"{"storage":{},"cluster":{"name":"o"},"backup":"b"}"#, []),
            (#"{}"#, ["spec.restore.backupRef"]),
            (#"{"backupRef":{"name":"b"},"latest":true}"#, ["spec.restore.latest"]),
            (#"{"storage":{},"latest":true}"#, ["spec.restore.cluster"]),
            (#"{"storage":{},"cluster":{"name":"o"}}"#, ["spec.restore.backup"]),
            (#"{"storage":{},"cluster":{"name":"o"},"backup":"b","latest":true}"#, ["spec.restore.latest"]),
            (#"{"backupRef":{"name":"b"},"revision":7}"#, []),
            (#"{"storage":{},"cluster":{"name":"o"},"revision":7}"#, []),
            (#"{"storage":{},"cluster":{"name":"o"},"backup":"b","time":"2026-11-21T14:00:00Z"}"#, []),
            (#"{"backupRef":{"name":"b"},"revision":0}"#, ["spec.restore.revision"]),
            (
                #"{"backupRef":{"name":"b"},"revision":7,"time":"2026-11-21T14:00:00Z"}"#, ["spec.restore.time"]
            ),
            (#"{"storage":{},"cluster":{"name":"o"},"latest":true,"revision":7}"#, ["spec.restore.latest"]),
        ] as [(String, [String])])
    func oneWay(restore: String, fields: [String]) throws {
        #expect(try problems("{\"version\":\"3.4.23\",\"restore\":\(restore)}") == fields)
    }

    @Test("An imported cluster is not restored")
    func imported() throws {
        let spec = #"{"provider":"Imported","endpoints":["http://h:1"],"restore":{"backupRef":{"name":"b"}}}"#
        #expect(try problems(spec) == ["spec.restore"])
    }
}
