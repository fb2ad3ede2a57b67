import Archive
import ControllerRuntime
import Etcd
import Model
import Observers
import Store

/// Sees to it that the change log of a cluster is kept while its policy asks for one: starts the recording behind the
/// newest backup, shows how far it is, and asks for a new backup where the log has a gap.
struct ChangeLogKeeper {
    /// What follows from a look at the log.
    enum Step {
        /// It is as it should be, or not wanted.
        case settled
        /// It is to be looked at again soon.
        case again
        /// It cannot go on before there is a new backup.
        case needsBackup
    }

    /// The name of the job.
    static let job = "change log"
    private static let pruning = "change log pruning"
    /// How long a recording may tell of trouble before it is begun again with the members as they are then.
    private static let patience = Duration.seconds(120)
    /// How long to wait before a recording that ended is begun again.
    static let pause = Duration.seconds(10)

    let services: ControllerServices

    /// Takes the next step.
    func advance(
        _ cluster: inout EtcdCluster, _ backups: BackupSchedulePlan, _ policy: BackupPolicy, at now: Timestamp
    ) async -> Step {
        guard let wanted = policy.log, !policy.suspend, cluster.metadata.deletionTimestamp == nil else {
            await end(cluster)
            cluster.status.backup?.log = nil
            cluster.status.conditions.removeAll { $0.type == .logged }
            return .settled
        }
        let place = services.archives.resolved(policy.storage)
        var log = cluster.status.backup?.log ?? ChangeLogStatus()
        // Another place, or another life of the cluster, is another log.
        if log.storage != place || log.incarnation != cluster.status.incarnation {
            await end(cluster)
            log = ChangeLogStatus()
            log.storage = place
            log.incarnation = cluster.status.incarnation
        }
        let base = backups.good.first { $0.status.storage == place }
        switch await services.logs.state(of: Self.job, for: cluster) {
        case .running(let progress):
            if let progress { take(progress, &log) }
            if !log.message.isEmpty, let time = log.time, now - time > Self.patience {
                // It may hang on members that are there no more.
                await services.logs.cancel(Self.job, for: cluster)
            }
        case .waiting: break
        case .finished:
            if case .failure(let error) = await services.logs.takeResult(of: Self.job, for: cluster) {
                ended(error, &log, cluster, at: now)
            }
        case nil: await start(behind: base, &log, cluster, policy, at: now)
        }
        cluster.status.backup?.log = log
        cluster.status.conditions.set(
            condition(log, base, wanted, at: now), at: now, generation: cluster.metadata.generation)
        if isBroken(log, base) { return base == nil && backups.isRunning ? .settled : .needsBackup }
        let state = await services.logs.state(of: Self.job, for: cluster)
        return state == nil && base != nil ? .again : .settled
    }

    /// Removes what of the log lies before the oldest backup it could be replayed from.
    func prune(_ backups: BackupSchedulePlan, _ cluster: inout EtcdCluster, _ policy: BackupPolicy) async {
        if let result = await services.logs.takeResult(of: Self.pruning, for: cluster) {
            switch result {
            case .success(let revision): cluster.status.backup?.log?.firstRevision = revision
            case .failure(let error): services.events.warning(cluster, "PruneFailed", "the change log: \(error)")
            }
        }
        let place = services.archives.resolved(policy.storage)
        let oldest = backups.good.last { $0.status.storage == place }
        guard let log = cluster.status.backup?.log, let oldest, let revision = oldest.status.revision,
            log.firstRevision.map({ $0 < revision }) ?? true
        else { return }
        let (archives, secrets) = (services.archives, services.access.secrets(of: cluster))
        let id = BackupReconciler.identity(of: oldest).cluster
        await services.logs.start(Self.pruning, for: cluster) { _ in
            let changes = ChangeLog(of: id, in: try await archives.storage(place, with: secrets))
            try await changes.remove(through: revision)
            return revision
        }
    }

    /// Ends the recording of a cluster.
    func end(_ cluster: EtcdCluster) async {
        _ = await services.logs.forget(cluster)
    }

    /// Whether the log cannot go on behind any backup there is.
    private func isBroken(_ log: ChangeLogStatus, _ base: EtcdBackup?) -> Bool {
        guard let gap = log.gapTime else { return false }
        return base?.status.startTime.map { $0 < gap } ?? true
    }

    private func take(_ progress: ChangeLogRecorder.Progress, _ log: inout ChangeLogStatus) {
        log.revision = progress.revision
        log.time = progress.time.wholeSeconds
        log.message = progress.problem ?? ""
    }

    private func ended(_ error: any Error, _ log: inout ChangeLogStatus, _ cluster: EtcdCluster, at now: Timestamp) {
        log.endTime = now.wholeSeconds
        switch error {
        case is CancellationError: return
        case let error as EtcdError where error.code == .compacted:
            log.begin(gapAt: now)
            log.message = "changes were compacted away before they were recorded"
        case let error as ArchiveError where error.code == .incomplete:
            log.begin(gapAt: now)
            log.message = "\(error)"
        default: log.message = "\(error)"
        }
        services.events.warning(cluster, log.gapTime == log.endTime ? "LogGap" : "LogInterrupted", log.message)
    }

    private func start(
        behind base: EtcdBackup?, _ log: inout ChangeLogStatus, _ cluster: EtcdCluster, _ policy: BackupPolicy,
        at now: Timestamp
    ) async {
        guard let base, let revision = base.status.revision, !isBroken(log, base) else {
            if log.message.isEmpty { log.message = "waiting for a backup to begin behind" }
            return
        }
        if let last = log.endTime, now - last < Self.pause { return }
        var options = ChangeLogRecorder.Options()
        options.interval = policy.log?.interval ?? options.interval
        let (services, cluster, place) = (services, cluster, services.archives.resolved(policy.storage))
        let id = BackupReconciler.identity(of: base).cluster
        // A backup made while nobody recorded is no reason to leave out what came before it.
        let stored = log.revision ?? revision
        await services.logs.start(Self.job, for: cluster) { [options] handle in
            let keys = try await BackupKeys(store: services.store).keyring(
                policy.encryption, in: cluster.metadata.namespace)
            let form = StoredForm(compression: policy.compression, key: try keys?.current())
            let changes = ChangeLog(
                of: id, in: try await services.archives.storage(place, with: services.access.secrets(of: cluster)),
                form: form, keys: keys)
            let members = try await BackupOrigin.members(of: cluster, incarnation: id.incarnation, services: services)
            let after = try await changes.reach(behind: min(stored, revision))
            let recorder = ChangeLogRecorder(
                changes, of: members.endpoints, clusterID: members.clusterID, options: options)
            try await recorder.run(after: after) { handle.report($0) }
            return after
        }
        log.gapTime = nil
        log.sinceTime = log.sinceTime ?? base.status.completionTime
    }

    private func condition(
        _ log: ChangeLogStatus, _ base: EtcdBackup?, _ wanted: ChangeLogPolicy, at now: Timestamp
    ) -> Condition {
        guard let time = log.time, let revision = log.revision, log.gapTime == nil else {
            return Condition(.logged, .unknown, reason: "NotBegun", message: log.message)
        }
        let age = now - time
        let message = "every change is stored through revision \(revision), as of \(age.ageText) ago"
        guard age <= wanted.interval * 3 + .seconds(90) else {
            return Condition(
                .logged, .false, reason: "LogBehind",
                message: log.message.isEmpty ? message : "\(message): \(log.message)")
        }
        return Condition(.logged, .true, reason: "Recording", message: message)
    }
}

extension ChangeLogStatus {
    /// Notes that changes were missed: it begins anew, behind the next backup.
    fileprivate mutating func begin(gapAt now: Timestamp) {
        gapTime = now.wholeSeconds
        sinceTime = nil
        revision = nil
    }
}
