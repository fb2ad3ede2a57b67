import Controller
import Model
import Store
import TestSupport
import Testing

/// The rules that need to know what else there is.
@Suite(.timeLimit(.minutes(5)))
struct RecordAdmissionTests {
    private func cluster(_ name: String, in namespace: String = "default", _ spec: String = "") throws -> EtcdCluster {
        let text = #"{"metadata":{"name":"\#(name)","namespace":"\#(namespace)"},"spec":{"version":"3.4.23"\#(spec)}}"#
        return try EtcdCluster(document: try Value(json: text))
    }

    private func withStore(_ body: (RecordStore, RecordAdmission) async throws -> Void) async throws {
        let directory = try TemporaryDirectory("admission")
        let store = try await RecordStore.open(StoreOptions(directory: directory.file("store")))
        do {
            try await body(store, RecordAdmission(store: store))
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    @Test(
        "A new record speaks only of records that are there",
        arguments: [
            (EtcdBackup.kind, #"{"clusterRef":{"name":"gone"}}"#, "spec.clusterRef.name"),
            (EtcdInspection.kind, #"{"clusterRef":{"name":"gone"},"type":"Health"}"#, "spec.clusterRef.name"),
            (
                EtcdMigration.kind, #"{"sourceRef":{"name":"gone"},"destinationRef":{"name":"new"}}"#,
                "spec.sourceRef.name"
            ),
            (
                EtcdMigration.kind,
                #"{"sourceRef":{"name":"orders"},"destinationRef":{"name":"gone"},"method":"Copy"}"#,
                "spec.destinationRef.name"
            ),
            (
                EtcdCluster.kind, #"{"version":"3.4.23","restore":{"backupRef":{"name":"gone"}}}"#,
                "spec.restore.backupRef.name"
            ),
        ])
    func references(kind: Kind, spec: String, field: String) async throws {
        try await withStore { store, admission in
            try await store.create(try cluster("orders"))
            let document: Value = [
                "metadata": ["name": "a", "namespace": "default"], "spec": try Value(json: spec),
            ]
            let problems = await admission.problems(document, replacing: nil, of: kind)
            #expect(problems.map(\.path.description) == [field])
            #expect(problems.first?.reason == .missing)
            let present = try Value(json: spec.replacing("gone", with: "orders"))
            let good = document.merging(patch: ["spec": present])
            if kind != EtcdCluster.kind { #expect(await admission.problems(good, replacing: nil, of: kind).isEmpty) }
            // What exists may be changed though its cluster has gone.
            #expect(await admission.problems(document, replacing: document, of: kind).isEmpty)
        }
    }

    @Test("A namespace holds as many records and members as its quotas allow")
    func quotas() async throws {
        try await withStore { store, admission in
            var team = Namespace(name: "team")
            team.metadata.annotations = [
                Namespace.quotaPrefix + "etcdclusters": "2", Namespace.quotaPrefix + Namespace.membersQuota: "4",
            ]
            try await store.create(team)
            func problems(_ new: EtcdCluster, _ old: EtcdCluster? = nil) async throws -> [String] {
                let condition = admission.condition(new.document, replacing: old?.document, of: EtcdCluster.kind)
                do throws(StoreError) {
                    if old == nil {
                        _ = try await store.create(
                            new.document, kind: EtcdCluster.kind, isTrial: true, provided: condition)
                    } else {
                        _ = try await store.update(
                            new.document, kind: EtcdCluster.kind, isTrial: true, provided: condition)
                    }
                    return []
                } catch {
                    guard case .refused(_, let problems) = error else { throw error }
                    return problems.map(\.path.description)
                }
            }
            let first = try await store.create(try cluster("a", in: "team"))
            #expect(try await problems(try cluster("b", in: "team")) == ["spec.size"])
            #expect(try await problems(try cluster("b", in: "team", #","size":1"#)).isEmpty)
            try await store.create(try cluster("b", in: "team", #","size":1"#))
            #expect(
                try await problems(try cluster("c", in: "team", #","size":1"#)) == ["metadata.namespace", "spec.size"])
            // What is there stays changeable, and other namespaces are not concerned.
            var paused = first
            paused.spec.paused = true
            #expect(try await problems(paused, first).isEmpty)
            var larger = first
            larger.spec.size = 5
            #expect(try await problems(larger, first) == ["spec.size"])
            #expect(try await problems(try cluster("a", #","size":7"#)).isEmpty)
        }
    }

    @Test("However many write at once, no more pass than a quota has room for")
    func quotasAtOnce() async throws {
        try await withStore { store, admission in
            var team = Namespace(name: "team")
            team.metadata.annotations = [
                Namespace.quotaPrefix + "etcdclusters": "5", Namespace.quotaPrefix + Namespace.membersQuota: "9",
            ]
            try await store.create(team)
            func race(_ count: Int, _ write: @escaping @Sendable (Int) async throws -> Void) async throws -> Int {
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    for number in 0..<count {
                        group.addTask {
                            do {
                                try await write(number)
                                return true
                            } catch {
                                guard let error = error as? StoreError, case .refused = error else { throw error }
                                return false
                            }
                        }
                    }
                    return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
            }
            let made = try await race(50) { number in
                let new = try cluster("c\(number)", in: "team", #","size":1"#).document
                let condition = admission.condition(new, replacing: nil, of: EtcdCluster.kind)
                _ = try await store.create(new, kind: EtcdCluster.kind, provided: condition)
            }
            let left = try await store.list(EtcdCluster.self, in: "team")
            #expect(made == 5 && left.count == 5)
            // Five members are there: two clusters may grow by two each, and no other.
            let grown = try await race(5) { number in
                var larger = left[number]
                larger.spec.size = 3
                let condition = admission.condition(
                    larger.document, replacing: left[number].document, of: EtcdCluster.kind)
                _ = try await store.update(larger.document, kind: EtcdCluster.kind, provided: condition)
            }
            #expect(grown == 2)
            #expect(try await store.list(EtcdCluster.self, in: "team").reduce(0) { $0 + ($1.spec.size ?? 0) } == 9)
        }
    }

    @Test(
        "A quota is a whole number of something there can be",
        arguments: [
            ("etcdclusters", "ten", false), ("etcdclusters", "-1", false), ("pods", "1", false), ("members", "9", true),
        ]
    )
    func quotaAnnotations(subject: String, text: String, isGood: Bool) {
        var namespace = Namespace(name: "team")
        namespace.metadata.annotations[Namespace.quotaPrefix + subject] = text
        let problems = RecordRules.problems(namespace.document, replacing: nil, of: Namespace.kind)
        #expect(problems.isEmpty == isGood)
    }

    @Test(
        "Only records whose data nobody would miss are removed without a word",
        arguments: [
            // Spec, whether it has formed, whether it may go.
            ("", false, true), ("", true, false), (#","deletionProtection":false"#, true, true),
            (#","deletionProtection":true"#, false, false),
        ])
    func protection(spec: String, hasFormed: Bool, mayGo: Bool) async throws {
        try await withStore { store, admission in
            try await store.create(Namespace(name: "team"))
            var record = try await store.create(try cluster("orders", in: "team", spec))
            if hasFormed {
                record.status.clusterID = "cafe"
                record = try await store.updateStatus(record)
            }
            let objection = await admission.objection(toRemoving: record.document, of: EtcdCluster.kind)
            #expect((objection == nil) == mayGo, "\(objection ?? "")")
            let namespace = try await store.get(Namespace.self, named: "team")
            let wider = await admission.objection(toRemoving: namespace.document, of: Namespace.kind)
            #expect((wider == nil) == mayGo, "\(wider ?? "")")
        }
    }

    @Test("A secret whose keys backups need stays until somebody says that it may go")
    func keys() async throws {
        try await withStore { store, admission in
            var secret = Secret()
            secret.metadata = ObjectMeta(name: "keys")
            secret = try await store.create(secret)
            func objection() async -> String? {
                await admission.objection(toRemoving: secret.document, of: Secret.kind)
            }
            #expect(await objection() == nil)
            try await store.create(
                try cluster(
                    "orders", #","backup":{"interval":"1h","encryption":{"secretRef":{"name":"keys"}}}"#))
            #expect(await objection()?.contains("EtcdCluster \"orders\"") == true)
            secret.metadata.annotations[Secret.deletionProtection] = "false"
            #expect(await objection() == nil)
        }
    }

    @Test("An immutable secret keeps its values, and its promise")
    func immutableSecret() throws {
        var old = Secret()
        old.metadata = ObjectMeta(name: "keys")
        (old.data, old.immutable) = (["a": "YQ=="], true)
        var new = old
        (new.data, new.immutable, new.type) = (["a": "Yg=="], nil, "other")
        let problems = RecordRules.problems(new.document, replacing: old.document, of: Secret.kind)
        #expect(problems.map(\.path.description) == ["type", "immutable", "data"])
    }

    @Test("What is possible and seldom meant is said")
    func warnings() async throws {
        try await withStore { _, admission in
            let risky = try cluster(
                "orders",
                #","size":1,"deletionPolicy":"Delete","auth":{"secretRef":{"name":"root"}}"#)
            let warnings = await admission.warnings(risky.document, of: EtcdCluster.kind)
            #expect(
                warnings.map { $0.prefix { $0 != ":" } } == ["spec.auth.secretRef", "spec.size", "spec.deletionPolicy"])
        }
    }
}
