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
            cluster.status.conditions.removeAll { $0.type == .backupReady }
            return nil
        }
        let due = plan.due(by: policy, at: now)
        // A first backup that cannot be made stays due since when it was, or it would never be overdue.
        let wasDue = plan.hasNone ? cluster.status.backup?.nextTime : nil
        cluster.status.backup = plan.status(nextTime: due.map { min($0, wasDue ?? $0) })
        cluster.status.conditions.set(
            plan.condition(by: policy, at: now), at: now, generation: cluster.metadata.generation)
        let isFormed = !cluster.status.clusterID.isEmpty && cluster.metadata.deletionTimestamp == nil
        if let due, due <= now, isFormed, !cluster.spec.paused {
            try await make(for: cluster, policy, at: now)
            return nil
        }
        // Paused means that nothing is touched, and above all nothing removed.
        if !cluster.spec.paused { await prune(plan, cluster, policy) }
        return due
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
    /// it is interrupted, and there are never bytes without a record or a record without bytes.
    private func prune(_ plan: BackupSchedulePlan, _ cluster: EtcdCluster, _ policy: BackupPolicy) async {
        let scheduled = plan.good.filter { $0.metadata.labels[EtcdBackup.scheduledLabel] == "true" }
        let retained = RetentionPolicy(policy.retention)
        // The storage is asked only if the records already say that something is to go.
        let isTooMuch = !RetentionPlan(of: scheduled, policy: retained).removed.isEmpty
        guard isTooMuch || plan.everFailed.count > retained.keepLast else { return }
        do {
            let incarnation = ClusterIncarnation(
                namespace: cluster.metadata.namespace, name: cluster.metadata.name,
                incarnation: cluster.status.incarnation)
            let byName = Dictionary(scheduled.map { (BackupReconciler.identity(of: $0).name, $0) }) { first, _ in first
            }
            // What counts is what is stored, not what the records say.
            let archive = try services.archives.archive(policy.storage)
            try await archive.requireOwnership(of: incarnation, by: cluster.status.clusterID)
            let stored = try await archive.backups(of: incarnation).backups.filter { byName[$0.name] != nil }
            let retention = RetentionPlan(of: stored, policy: retained)
            for manifest in retention.removed {
                guard var record = byName[manifest.name] else { continue }
                record.spec.deletionPolicy = .delete
                try await services.store.delete(try await services.store.update(record))
                services.events.normal(
                    cluster, "BackupPruned", "\(record.metadata.name) at revision \(manifest.content.revision)")
            }
            // Failed attempts hold no bytes.
            for failure in plan.everFailed.dropFirst(retained.keepLast) {
                try await services.store.delete(failure)
            }
        } catch {
            services.events.warning(cluster, "PruneFailed", "\(error)")
        }
    }
}
