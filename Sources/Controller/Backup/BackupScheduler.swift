import Archive
import ControllerRuntime
import Model
import Store

/// Turns a cluster's backup policy into backups: makes the record when one is due, removes what retention does not
/// keep, and reports.
struct BackupScheduler {
    let services: ControllerServices

    /// Advances the backups of a cluster and returns when the next one is due.
    func advance(_ cluster: inout EtcdCluster, at now: Timestamp) async throws -> Timestamp? {
        let labels = [ControllerServices.clusterLabel: cluster.metadata.name]
        let backups = try await services.store.list(EtcdBackup.self, in: cluster.metadata.namespace, labels: labels)
        let plan = BackupSchedulePlan(backups, incarnation: cluster.status.incarnation)
        guard let policy = cluster.spec.backup else {
            cluster.status.backup = backups.isEmpty ? nil : plan.status(nextTime: nil)
            cluster.status.conditions.removeAll { $0.type == .backupReady || $0.type == .logged }
            await ChangeLogKeeper(services: services).end(cluster)
            return nil
        }
        let due = plan.due(by: policy, at: now)
        // A first backup that cannot be made stays due since when it was, or it would never be overdue.
        let wasDue = plan.hasNone ? cluster.status.backup?.nextTime : nil
        let known = cluster.status.backup?.log
        cluster.status.backup = plan.status(nextTime: due.map { min($0, wasDue ?? $0) })
        cluster.status.backup?.log = known
        let log = ChangeLogKeeper(services: services)
        let step = await log.advance(&cluster, plan, policy, at: now)
        let recoverable = plan.recoverableTo(log: cluster.status.backup?.log)
        cluster.status.backup?.recoverableTo = recoverable
        cluster.status.conditions.set(
            plan.condition(by: policy, at: now), at: now, generation: cluster.metadata.generation)
        let isFormed = !cluster.status.clusterID.isEmpty && cluster.metadata.deletionTimestamp == nil
        // A log with a gap is worth nothing before the next backup; failures still put it off.
        let next = step == .needsBackup && !plan.isRunning ? plan.retry(at: now) : due
        if let next, next <= now, isFormed, !cluster.spec.paused {
            try await make(for: cluster, policy, at: now)
            return nil
        }
        // Paused means that nothing is touched, and above all nothing removed.
        if !cluster.spec.paused {
            await prune(plan, cluster, policy, at: now)
            await log.prune(plan, &cluster, policy)
        }
        return step == .again ? min(next ?? now + ChangeLogKeeper.pause, now + ChangeLogKeeper.pause) : next
    }

    private func make(for cluster: EtcdCluster, _ policy: BackupPolicy, at now: Timestamp) async throws {
        var backup = EtcdBackup()
        let stamp = now.description.filter { $0.isNumber }
        backup.metadata = ObjectMeta(name: "\(cluster.metadata.name)-\(stamp)", namespace: cluster.metadata.namespace)
        backup.metadata.labels = [
            ControllerServices.clusterLabel: cluster.metadata.name, EtcdBackup.scheduledLabel: "true",
        ]
        backup.spec.clusterRef = LocalReference(name: cluster.metadata.name)
        backup.spec.storage = policy.storage
        do {
            try await services.store.create(backup)
        } catch {
            // A pass that was cut off a moment ago has made it.
            guard case .alreadyExists = error else { throw error }
        }
    }

    /// Removes scheduled backups beyond what the policy keeps; those made on demand are left to the people who made them.
    ///
    /// A record is told to take its bytes with it and is then deleted, so that its finalizer does the rest however often
    /// it is interrupted, and there are never bytes without a record or a record without bytes. What the storage itself
    /// keeps, or a restore under way reads, is left alone until it may go.
    private func prune(
        _ plan: BackupSchedulePlan, _ cluster: EtcdCluster, _ policy: BackupPolicy, at now: Timestamp
    ) async {
        let scheduled = plan.good.filter { $0.metadata.labels[EtcdBackup.scheduledLabel] == "true" }
        let retained = RetentionPolicy(policy.retention)
        do {
            // Failed attempts hold no bytes.
            for failure in plan.everFailed.dropFirst(retained.keepLast) {
                try await services.store.delete(failure)
            }
            let byName = Dictionary(scheduled.map { (BackupReconciler.identity(of: $0).name, $0) }) { first, _ in first
            }
            // The storage is asked only if the records already say that something is to go.
            let isTooMuch = RetentionPlan(of: scheduled, policy: retained).removed.contains { !isKept($0, at: now) }
            guard let found = try await look(at: cluster, Set(byName.keys), policy, isWanted: isTooMuch) else { return }
            // What counts is what is stored, not what the records say.
            let stored = found.stored.filter { byName[$0.name] != nil }
            let removed = RetentionPlan(of: stored, policy: retained).removed
            guard !removed.isEmpty else { return }
            let inUse = BackupsInUse(of: cluster, by: try await services.store.list(EtcdCluster.self))
            for manifest in removed {
                guard var record = byName[manifest.name], !isKept(record, at: now),
                    !inUse.contains(manifest.name, record: record.metadata.name)
                else { continue }
                if let end = found.kept[manifest.name], now < end {
                    record.metadata.annotations[EtcdBackup.keptUntilAnnotation] = end.description
                    try await services.store.update(record)
                    services.events.normal(
                        cluster, "BackupKept", "\(record.metadata.name) is kept by object lock until \(end)")
                    continue
                }
                record.spec.deletionPolicy = .delete
                try await services.store.delete(try await services.store.update(record))
                services.events.normal(
                    cluster, "BackupPruned", "\(record.metadata.name) at revision \(manifest.content.revision)")
            }
        } catch {
            services.events.warning(cluster, "PruneFailed", "\(error)")
        }
    }

    /// What lies in the storage, once it has answered; nil until then, or if nobody wants to know.
    private func look(
        at cluster: EtcdCluster, _ names: Set<String>, _ policy: BackupPolicy, isWanted: Bool
    ) async throws -> BackupChore.Result? {
        if let result = await services.chores.takeResult(of: BackupChore.retention, for: cluster) {
            return try result.get()
        }
        guard isWanted else { return nil }
        let incarnation = ClusterIncarnation(
            namespace: cluster.metadata.namespace, name: cluster.metadata.name, incarnation: cluster.status.incarnation)
        let (archives, secrets) = (services.archives, services.access.secrets(of: cluster))
        let clusterID = cluster.status.clusterID
        await services.chores.start(BackupChore.retention, for: cluster) { _ in
            let archive = try await archives.archive(policy.storage, with: secrets)
            try await archive.requireOwnership(of: incarnation, by: clusterID)
            return try await BackupChore.look(
                at: incarnation, in: archive, named: names, by: RetentionPolicy(policy.retention))
        }
        return nil
    }

    /// Whether the storage keeps a backup, by its own word when it was last asked.
    private func isKept(_ backup: EtcdBackup, at now: Timestamp) -> Bool {
        backup.metadata.annotations[EtcdBackup.keptUntilAnnotation].flatMap { Timestamp($0) }.map { now < $0 } ?? false
    }
}
