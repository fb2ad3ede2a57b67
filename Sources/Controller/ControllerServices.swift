import Archive
public import ControllerRuntime
public import Model
import Observers
public import Store
public import Telemetry
public import Transport

/// What the reconcilers work with; put together once, in the composition root.
public struct ControllerServices: Sendable {
    /// The label by which records that belong to a cluster are found.
    public static let clusterLabel = "lodestone.dev/cluster"

    let store: RecordStore
    let access: ClusterAccess
    let secretUsers: SecretUsers
    let members: MemberFinder
    let health: HealthObserver
    let consistency: ConsistencyObserver
    let observations = ObservationBoard()
    let lookout: Lookout
    let local: LocalProvider
    let orphans = OrphanBoard()
    let archives: BackupArchives
    let jobs: JobBoard<BackupProgress, BackupManifest>
    let restores: JobBoard<RestoreProgress, RestoreResult>
    let presence: JobBoard<Never, BackupPresence.Sight>
    let chores: JobBoard<Never, BackupChore.Result>
    let logs: JobBoard<ChangeLogRecorder.Progress, Int64>
    let migrations: JobBoard<Never, MigrationResult>
    let migrationBoard = MigrationBoard()
    let engine: HTTPEngine
    let events: EventRecorder
    let wakeups: Wakeups
    let drillTurns: DrillTurns

    /// Puts the services together.
    ///
    /// - Parameters:
    ///   - store: where the records are.
    ///   - engine: the loop over which members are reached.
    ///   - local: what runs the members of Local clusters.
    ///   - archives: where backups go.
    ///   - backupsAtOnce: how many backups are made at the same time.
    ///   - events: who tells people what happened.
    ///   - wakeups: the bell of the loops.
    ///   - logger: where the jobs log.
    public init(
        store: RecordStore, engine: HTTPEngine, local: LocalProvider, archives: BackupArchives, backupsAtOnce: Int = 2,
        events: EventRecorder, wakeups: Wakeups, logger: Logger
    ) {
        self.store = store
        secretUsers = SecretUsers()
        access = ClusterAccess(store: store, secretUsers: secretUsers)
        members = MemberFinder(engine: engine)
        health = HealthObserver(finder: members)
        consistency = ConsistencyObserver(finder: members)
        lookout = Lookout(wakeups: wakeups)
        self.local = local
        self.archives = archives
        jobs = JobBoard("backups", limit: backupsAtOnce, wakeups: wakeups, logger: logger)
        restores = JobBoard("restores", limit: 2, wakeups: wakeups, logger: logger)
        presence = JobBoard("looks at backups", limit: 8, wakeups: wakeups, logger: logger)
        chores = JobBoard("removals of backups", limit: 8, wakeups: wakeups, logger: logger)
        logs = JobBoard("change logs", limit: 10_000, wakeups: wakeups, logger: logger)
        migrations = JobBoard("migrations", limit: 1000, wakeups: wakeups, logger: logger)
        self.engine = engine
        drillTurns = DrillTurns(limit: 1)
        self.events = events
        self.wakeups = wakeups
    }
    /// What is wrong and belongs to no record: members that none claims.
    public var findings: [Finding] { orphans.findings }

    /// What Prometheus learns beyond the records.
    public var metrics: MetricsRegistry.Collector {
        { [orphans] in orphans.metrics }
    }
}
