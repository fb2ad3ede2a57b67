import Archive
import Model
import Testing

@testable import Controller

/// What is concluded from the cluster that was made for a drill.
struct DrillJudgeTests {
    private static let now = Timestamp(secondsSinceEpoch: 1_795_237_200)

    private static func backup() -> EtcdBackup {
        var backup = EtcdBackup()
        backup.metadata = ObjectMeta(name: "b1")
        backup.status.revision = 100
        backup.status.keys = 7
        backup.status.leases = 2
        backup.status.hashKV = 4711
        return backup
    }

    private static func copy(
        _ phase: RestorePhase, failing reason: String? = nil, _ change: (inout ClusterRestoreStatus) -> Void = { _ in }
    ) -> EtcdCluster {
        var restore = ClusterRestoreStatus()
        restore.phase = phase
        restore.revision = 100
        restore.keys = 7
        restore.leases = 2
        restore.hashKV = 4711
        change(&restore)
        var copy = EtcdCluster()
        copy.status.restore = restore
        copy.status.phase = reason == nil ? .restoring : .failed
        if let reason {
            copy.status.conditions.set(
                Condition(.restored, .false, reason: reason, message: "why"), at: now, generation: 1)
        }
        return copy
    }

    private static func judge(
        _ copy: EtcdCluster, _ backup: EtcdBackup? = backup(), troubled seconds: Int64? = nil, begun: Int64 = 10
    ) -> String {
        var run = DrillRun()
        run.backup = "b1"
        run.startTime = now - .seconds(begun)
        run.troubleTime = seconds.map { now - .seconds($0) }
        switch DrillJudge.judge(copy, backup, run, at: now) {
        case .underway: return "underway"
        case .over(let verdict, let reason, _): return "\(verdict.rawValue) \(reason)"
        }
    }

    @Test("What came back with every figure of its record has passed, and with any other it has failed")
    func figures() {
        #expect(Self.judge(Self.copy(.succeeded)) == "Passed DrillPassed")
        #expect(Self.judge(Self.copy(.succeeded) { $0.revision = 99 }) == "Failed FiguresDiffer")
        #expect(Self.judge(Self.copy(.succeeded) { $0.keys = 6 }) == "Failed FiguresDiffer")
        #expect(Self.judge(Self.copy(.succeeded) { $0.leases = 1 }) == "Failed FiguresDiffer")
        #expect(Self.judge(Self.copy(.succeeded) { $0.hashKV = nil }) == "Failed FiguresDiffer")
        // What retention took away meanwhile came back all the same.
        #expect(Self.judge(Self.copy(.succeeded), nil) == "Passed DrillPassed")
    }

    @Test(
        "Only what speaks against the backup is a failure; what stands in the way of the drill is not known",
        arguments: [
            ("BackupDamaged", "Failed"), ("BackupMissing", "Failed"), ("ProofFailed", "Failed"), ("DataLost", "Failed"),
            ("LogDamaged", "Failed"), ("NotRecoverable", "Failed"),
            ("VersionTooOld", "Unknown"), ("BackupUnusable", "Unknown"), ("ForeignData", "Unknown"),
        ])
    func over(reason: String, verdict: String) {
        #expect(Self.judge(Self.copy(.failed, failing: reason)) == "\(verdict) \(reason)")
        #expect(Self.judge(Self.copy(.failed, failing: reason), nil) == "Unknown BackupRemoved")
    }

    @Test(
        "What may mend itself is waited for a minute",
        arguments: [
            ("NoSpace", "Unknown"), ("KeyMissing", "Unknown"), ("StorageUnavailable", "Unknown"),
            ("VersionMissing", "Unknown"), ("RestoreDelayed", "Unknown"), ("MembersDoNotServe", "Failed"),
        ])
    func patience(reason: String, verdict: String) {
        let copy = Self.copy(.fetching, failing: reason)
        #expect(Self.judge(copy) == "underway")
        #expect(Self.judge(copy, troubled: 59) == "underway")
        #expect(Self.judge(copy, troubled: 60) == "\(verdict) \(reason)")
        // An attempt that is under way is not cut off.
        #expect(Self.judge(Self.copy(.fetching), troubled: 600) == "underway")
    }

    @Test("Ports that are missing are told by the record that waits for them")
    func ports() {
        var copy = EtcdCluster()
        #expect(Self.judge(copy) == "underway")
        copy.status.phase = .failed
        copy.status.conditions.set(
            Condition(.ready, .false, reason: "PortsExhausted", message: "none left"), at: Self.now, generation: 1)
        #expect(Self.judge(copy, troubled: 61) == "Unknown PortsExhausted")
    }

    @Test("A drill that takes for ever is given up, and says nothing of the backup")
    func limit() {
        #expect(Self.judge(Self.copy(.fetching), begun: 6 * 3600) == "underway")
        #expect(Self.judge(Self.copy(.fetching), begun: 6 * 3600 + 1) == "Unknown TooSlow")
    }

    @Test("The recovery is measured from the record to the proof, and each phase to the next")
    func times() {
        var run = DrillRun()
        run.recordTime = Self.now - .milliseconds(5250)
        run.phases = [
            "Fetching": Self.now - .milliseconds(5000), "Restoring": Self.now - .milliseconds(4000),
            "Proving": Self.now - .milliseconds(1500),
        ]
        let passed = DrillJudge.result(.passed, "x", "y", of: run, Self.copy(.succeeded), at: Self.now)
        #expect(passed.recoveryTime == .milliseconds(5250) && passed.hashKV == 4711)
        #expect(
            passed.phases == [
                "Fetching": .milliseconds(1000), "Restoring": .milliseconds(2500), "Proving": .milliseconds(1500),
            ])
        // What did not come back has no recovery time.
        let failed = DrillJudge.result(.failed, "x", "y", of: run, Self.copy(.failed), at: Self.now)
        #expect(failed.recoveryTime == nil && failed.hashKV == nil)
    }

    @Test(
        "A backup is restored with what a person would take: never with an etcd that does not read it",
        arguments: [
            ("3.4.23", "3.4.20", ["3.4.23", "3.5.1"], "3.4.23"),
            (nil, "3.4.20", ["3.4.23", "3.4.9", "3.5.1"], "3.4.23"),
            (nil, "3.4.9", ["3.4.23", "3.4.9"], "3.4.9"), (nil, "3.4.9", ["3.6.0", "3.5.1", "3.3.2"], "3.5.1"),
            ("3.4.23", "3.5.1", ["3.4.23", "3.5.9"], "3.5.9"), (nil, "3.5.1", ["3.4.23"], nil), (nil, "3.4.9", [], nil),
        ] as [(String?, String, [String], String?)])
    func version(cluster: String?, backup: String, installed: [String], wanted: String?) {
        #expect(DrillVersion.choose(cluster: cluster, backup: backup, installed: installed) == wanted)
    }

    @Test("Behind the backup the log is replayed as far as it is stored, where it leads on from that very backup")
    func log() {
        var cluster = EtcdCluster()
        var backup = Self.backup()
        backup.status.incarnation = "i1"
        backup.status.storage = BackupStorageSpec()
        #expect(DrillConductor.logged(behind: backup, cluster) == nil)
        var log = ChangeLogStatus()
        log.revision = 120
        log.incarnation = "i1"
        log.storage = BackupStorageSpec()
        func logged(_ change: (inout ChangeLogStatus) -> Void = { _ in }) -> Int64? {
            var changed = log
            change(&changed)
            cluster.status.backup = ClusterBackupStatus()
            cluster.status.backup?.log = changed
            return DrillConductor.logged(behind: backup, cluster)
        }
        #expect(logged() == 120)
        #expect(logged { $0.revision = 100 } == nil && logged { $0.revision = nil } == nil)
        #expect(logged { $0.gapTime = Self.now } == nil && logged { $0.incarnation = "i0" } == nil)
        #expect(logged { $0.storage?.path = "/elsewhere" } == nil)
    }

    @Test("What the log made of a backup is held to the revision that was asked for")
    func replayed() {
        var run = DrillRun()
        run.backup = "b1"
        run.revision = 120
        func judge(_ change: (inout ClusterRestoreStatus) -> Void) -> DrillJudge.Sight {
            DrillJudge.judge(Self.copy(.succeeded, change), Self.backup(), run, at: Self.now)
        }
        func verdict(_ change: (inout ClusterRestoreStatus) -> Void) -> String {
            guard case .over(let verdict, let reason, _) = judge(change) else { return "underway" }
            return "\(verdict.rawValue) \(reason)"
        }
        #expect(
            verdict { ($0.backupRevision, $0.revision, $0.keys, $0.hashKV) = (100, 120, 9, 1) } == "Passed DrillPassed")
        #expect(verdict { ($0.backupRevision, $0.revision) = (99, 120) } == "Failed FiguresDiffer")
        #expect(verdict { ($0.backupRevision, $0.revision) = (100, 119) } == "Failed FiguresDiffer")
        // The backup alone, where more was wanted.
        #expect(verdict { $0.revision = 100 } == "Failed FiguresDiffer")
    }

    @Test("The copy begins with the very bytes of the backup, has one member, and is nobody's cluster")
    func copy() throws {
        var cluster = EtcdCluster()
        cluster.metadata = ObjectMeta(name: "orders", namespace: "shop")
        cluster.metadata.uid = "u1"
        cluster.spec.size = 3
        cluster.spec.backup = BackupPolicy()
        var backup = Self.backup()
        backup.spec.clusterRef = LocalReference(name: "orders")
        backup.metadata.namespace = "shop"
        backup.status.incarnation = "i1"
        var run = DrillRun()
        run.cluster = "orders-drill-1"
        run.version = "3.4.23"
        #expect(DrillConductor.copy(for: run, of: backup, cluster) == nil)
        backup.status.storage = BackupStorageSpec()
        let copy = try #require(DrillConductor.copy(for: run, of: backup, cluster))
        #expect(copy.isDrill && !cluster.isDrill && copy.validate().isEmpty)
        #expect(copy.spec.size == 1 && copy.spec.backup == nil && copy.spec.deletionPolicy == .delete)
        #expect(copy.spec.restore?.cluster?.incarnation == "i1")
        #expect(copy.spec.restore?.backup == BackupReconciler.identity(of: backup).name)
        // A label alone hides nobody's cluster.
        var labelled = cluster
        labelled.metadata.labels[EtcdCluster.drillKey] = "true"
        #expect(!labelled.isDrill)
    }
}
