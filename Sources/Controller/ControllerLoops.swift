public import ControllerRuntime
import Model
import Nodes
import Store
public import Telemetry

/// The loops and other parts that make up the controller.
public enum ControllerLoops {
    /// How the loops work.
    public struct Options: Sendable {
        /// How many clusters and inspections are worked on at the same time; each waits a moment for members that
        /// answer, and no longer for those that do not (``Lookout``).
        public var workers = 256
        /// How long data directories lie in quarantine before they are removed for good.
        public var quarantineAge = Duration.seconds(7 * 86400)

        /// Creates the defaults.
        public init() {}
    }

    /// All parts, to be run together.
    public static func components(
        _ services: ControllerServices, options: Options = Options(), logger: Logger, metrics: MetricsRegistry
    ) -> [any Component] {
        var manyAtOnce = LoopOptions()
        manyAtOnce.workers = options.workers
        manyAtOnce.startSpread = .seconds(2)
        var clusters = manyAtOnce
        clusters.timeout = .seconds(120)
        return [
            ControllerLoop(
                ClusterReconciler(services: services), store: services.store, wakeups: services.wakeups,
                options: clusters,
                related: [
                    .owned(EtcdInspection.kind, by: EtcdCluster.kind, when: verdicts), backups,
                    .owned(EtcdCluster.kind, by: EtcdCluster.kind, when: drills),
                    migrations, secrets(services, of: EtcdCluster.kind),
                ], clock: ContinuousClock(), logger: logger, metrics: metrics),
            ControllerLoop(
                InspectionReconciler(services: services), store: services.store, wakeups: services.wakeups,
                options: manyAtOnce, clock: ContinuousClock(), logger: logger, metrics: metrics),
            ControllerLoop(
                BackupReconciler(services: services), store: services.store, wakeups: services.wakeups,
                related: [secrets(services, of: EtcdBackup.kind)], clock: ContinuousClock(), logger: logger,
                metrics: metrics),
            ControllerLoop(
                MigrationReconciler(services: services), store: services.store, wakeups: services.wakeups,
                related: [destinations, sources(services)], clock: ContinuousClock(), logger: logger, metrics: metrics),
            services.lookout, services.jobs, services.presence, services.chores, services.logs, services.restores,
            services.migrations,
            services.events,
            MemberWatch(services: services),
            DeletionWatch(services: services, logger: logger), OrphanWatch(services: services, logger: logger),
            QuarantineKeeper(local: services.local, age: options.quarantineAge, logger: logger),
        ]
    }

    /// Changes of an inspection that its cluster shows: it ran, or what it is to do was changed.
    private static let verdicts = ChangeFilter { old, new in
        old[path: "status", "lastRunTime"] != new[path: "status", "lastRunTime"] || old["spec"] != new["spec"]
    }

    /// Changes of a cluster made for a drill that the cluster it is a drill of waits for.
    private static let drills = ChangeFilter { old, new in
        old[path: "status", "restore", "phase"] != new[path: "status", "restore", "phase"]
            || old[path: "status", "restore", "isOpen"] != new[path: "status", "restore", "isOpen"]
            || old[path: "status", "phase"] != new[path: "status", "phase"]
    }

    /// A migration's phase moves the cluster that it fills.
    private static let migrations = RelatedRecords(
        EtcdMigration.kind,
        when: ChangeFilter { old, new in
            ["phase", "seeding", "recordedAfter"].contains { old[path: "status", $0] != new[path: "status", $0] }
        }
    ) { record in
        guard let name = record.document[path: "spec", "destinationRef", "name"]?.string else { return [] }
        return [RecordID(EtcdCluster.kind, namespace: record.id.namespace, name: name)]
    }

    /// How far a cluster is that is filled moves the migration that fills it.
    private static let destinations = RelatedRecords(EtcdCluster.kind, when: drills) { record in
        guard let name = record.document[path: "spec", "restore", "migrationRef", "name"]?.string else { return [] }
        return [RecordID(EtcdMigration.kind, namespace: record.id.namespace, name: name)]
    }

    /// A source that is being deleted is given its writers back first.
    private static func sources(_ services: ControllerServices) -> RelatedRecords {
        RelatedRecords(
            EtcdCluster.kind,
            when: ChangeFilter {
                $0[path: "metadata", "deletionTimestamp"] != $1[path: "metadata", "deletionTimestamp"]
            }
        ) { record in services.migrationBoard.migrations(from: record.id) }
    }

    private static let backups = RelatedRecords(
        EtcdBackup.kind,
        when: ChangeFilter { $0[path: "status", "phase"] != $1[path: "status", "phase"] || $0["spec"] != $1["spec"] }
    ) { record in
        guard let name = record.document[path: "spec", "clusterRef", "name"]?.string else { return [] }
        return [RecordID(EtcdCluster.kind, namespace: record.id.namespace, name: name)]
    }

    /// A Secret that comes, changes or goes wakes the records that wait for it or use it; those that do are few, and
    /// a pass is cheap.
    private static func secrets(_ services: ControllerServices, of kind: Kind) -> RelatedRecords {
        RelatedRecords(Secret.kind, when: ChangeFilter { $0["data"] != $1["data"] }) { record in
            services.secretUsers.records(of: kind, using: record.id.name, in: record.id.namespace)
        }
    }
}

/// Removes from quarantine what has lain there long enough.
struct QuarantineKeeper: Component {
    let name = "quarantine"
    let local: LocalProvider
    let age: Duration
    let logger: Logger

    func run() async {
        while !Task.isCancelled {
            do {
                for entry in try await local.purgeQuarantine(olderThan: age) {
                    logger.info("Removed from quarantine", ["entry": .text(entry)])
                }
            } catch {
                logger.warning("The quarantine could not be looked through", ["error": .text("\(error)")])
            }
            // Ends early only when the controller stops.
            try? await Task.sleep(for: .seconds(600))
        }
    }
}
