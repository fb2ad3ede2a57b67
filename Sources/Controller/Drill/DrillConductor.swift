import Archive
import ControllerRuntime
import Model
import Nodes
import Store

/// Restores the newest backup of a cluster into a new one of a single member, to see that it comes back, and removes it.
///
/// The new cluster is an ordinary record with `spec.restore`; all proof is the restore's own. Each step is on record
/// before it is taken, so that a controller that is killed is followed by one that goes on where it stood. Of the cluster
/// itself nothing is asked and nothing touched: it may be down, and that is when its backups matter.
struct DrillConductor {
    /// How soon to look again while a drill is under way or waits for its turn.
    static let look = Duration.seconds(1)
    private static let turn = Duration.seconds(5)

    let services: ControllerServices

    /// Takes the drills of a cluster one step further; returns when to look again.
    func advance(_ cluster: inout EtcdCluster, at now: Timestamp) async throws -> Timestamp? {
        guard !cluster.isDrill else { return nil }
        let policy = cluster.spec.backup?.drill
        let next = try await step(&cluster, policy, at: now)
        let plan = DrillPlan(policy, cluster.status.drill)
        cluster.status.drill?.staleTime = plan.staleTime?.wholeSeconds
        if let condition = plan.condition(at: now) {
            cluster.status.conditions.set(condition, at: now, generation: cluster.metadata.generation)
        } else {
            cluster.status.conditions.removeAll { $0.type == .drilled }
        }
        return next
    }

    private func step(_ cluster: inout EtcdCluster, _ policy: DrillPolicy?, at now: Timestamp) async throws
        -> Timestamp?
    {
        if var run = cluster.status.drill?.running {
            services.drillTurns.keep(cluster.metadata.uid)
            let isOver = try await follow(&run, &cluster, at: now)
            cluster.status.drill?.running = isOver ? nil : run
            if isOver { services.drillTurns.release(cluster.metadata.uid) }
            return isOver ? now : now + Self.look
        }
        let asked = cluster.metadata.annotations[EtcdCluster.drillKey]
        let request = asked == cluster.status.drill?.request ? nil : asked
        guard policy != nil || request != nil else {
            cluster.status.drill?.nextTime = nil
            return nil
        }
        let newest = try await newestBackup(of: cluster)
        // Paused, nothing is begun but what a person asks for.
        let due =
            cluster.spec.paused ? nil : DrillPlan(policy, cluster.status.drill).due(newest: newest, at: now)
        var status = cluster.status.drill ?? ClusterDrillStatus()
        // While it waits for its turn it stays due since when it was.
        if let known = status.nextTime, known <= now, let due, due <= now {
            status.nextTime = known
        } else {
            status.nextTime = due?.wholeSeconds
        }
        cluster.status.drill = status
        guard request != nil || due.map({ $0 <= now }) ?? false else { return due }
        return try await begin(&cluster, newest, request, at: now)
    }

    // MARK: The steps

    /// Decides what is restored and with which etcd, and writes that down.
    private func begin(
        _ cluster: inout EtcdCluster, _ newest: EtcdBackup?, _ request: String?, at now: Timestamp
    ) async throws -> Timestamp? {
        var run = DrillRun()
        run.startTime = now.wholeSeconds
        run.request = request ?? ""
        guard let newest else {
            conclude(
                run, .unknown, "NoBackup",
                "there is no good backup; make one with lodestone backup \(cluster.metadata.name)", nil, &cluster,
                at: now)
            return now
        }
        guard try await takeTurn(cluster) else { return now + Self.turn }
        let stamp = now.description.filter { $0.isNumber }
        run.cluster = "\(cluster.metadata.name.prefix(220))-drill-\(stamp)"
        run.backup = newest.metadata.name
        let installed = await services.local.installedVersions()
        guard
            let version = DrillVersion.choose(
                cluster: cluster.spec.version, backup: newest.status.etcdVersion, installed: installed)
        else {
            services.drillTurns.release(cluster.metadata.uid)
            let known = installed.isEmpty ? "none" : installed.joined(separator: ", ")
            conclude(
                run, .unknown, "VersionMissing",
                "\(run.backup) was taken of etcd \(newest.status.etcdVersion), and no etcd that reads it is installed "
                    + "(\(known)); install one where --etcd-dir names", nil, &cluster, at: now)
            return now + Self.look
        }
        run.version = version
        run.revision = Self.logged(behind: newest, cluster)
        run.message = "restoring \(run.backup) into \(run.cluster)"
        cluster.status.drill?.running = run
        cluster.status.drill?.nextTime = nil
        services.events.normal(cluster, "DrillBegun", run.message)
        return now
    }

    /// Whether it is this cluster's turn; clusters that an earlier controller made for drills count too.
    private func takeTurn(_ cluster: EtcdCluster) async throws -> Bool {
        guard services.drillTurns.take(cluster.metadata.uid) else { return false }
        let copies = try await services.store.list(EtcdCluster.self, labels: [EtcdCluster.drillKey: "true"])
        guard copies.allSatisfy({ !$0.isDrill }) else {
            services.drillTurns.release(cluster.metadata.uid)
            return false
        }
        return true
    }

    /// Takes the drill one step further; true when nothing of it is left.
    private func follow(_ run: inout DrillRun, _ cluster: inout EtcdCluster, at now: Timestamp) async throws -> Bool {
        let copy = try await record(EtcdCluster.self, run.cluster, in: cluster)
        guard let copy else { return try await goOn(without: &run, &cluster, at: now) }
        guard copy.isDrill, copy.metadata.ownerReferences.contains(where: { $0.uid == cluster.metadata.uid }) else {
            conclude(
                run, .unknown, "NameTaken", "an EtcdCluster \"\(run.cluster)\" is there and is none of ours", nil,
                &cluster, at: now)
            return true
        }
        switch run.step {
        case .preparing:
            run.step = .restoring
            run.recordTime = copy.metadata.creationTimestamp ?? now
        case .restoring: try await look(at: copy, &run, &cluster, at: now)
        case .cleaning:
            // What is in the way of the removal is worth more than that it is being done.
            if let operation = copy.status.lastOperation, operation.type == "Delete", operation.state == "Error" {
                run.message = operation.description
            }
            if copy.metadata.deletionTimestamp == nil { try await services.store.delete(copy) }
        }
        return false
    }

    /// What follows where the cluster of the drill is not there.
    private func goOn(
        without run: inout DrillRun, _ cluster: inout EtcdCluster, at now: Timestamp
    ) async throws -> Bool {
        switch run.step {
        case .cleaning: return true
        case .restoring:
            conclude(
                run, .unknown, "Interrupted", "EtcdCluster \"\(run.cluster)\" was deleted before it was restored", nil,
                &cluster, at: now)
            return true
        case .preparing:
            guard let backup = try await record(EtcdBackup.self, run.backup, in: cluster),
                let copy = Self.copy(for: run, of: backup, cluster)
            else {
                conclude(
                    run, .unknown, "BackupRemoved", "\(run.backup) was removed before it was restored", nil, &cluster,
                    at: now)
                return true
            }
            // A name that was taken this moment is told by the next pass.
            do throws(StoreError) {
                try await services.store.create(copy)
            } catch {
                guard case .alreadyExists = error else { throw error }
                return false
            }
            run.step = .restoring
            run.recordTime = .now
            return false
        }
    }

    private func look(
        at copy: EtcdCluster, _ run: inout DrillRun, _ cluster: inout EtcdCluster, at now: Timestamp
    ) async throws {
        let phase = copy.status.restore?.phase ?? .pending
        if run.phases[phase.rawValue] == nil, phase != .pending {
            run.phases[phase.rawValue] = now
            run.troubleTime = nil
        }
        if DrillJudge.isTroubled(copy) { run.troubleTime = run.troubleTime ?? now }
        run.progress = copy.status.restore?.progress ?? 0
        let condition = copy.status.restore == nil ? copy.status.conditions[.ready] : copy.status.conditions[.restored]
        run.message = "\(phase.rawValue): \(condition?.message ?? "not begun yet")"
        let backup = try await record(EtcdBackup.self, run.backup, in: cluster)
        let present = backup.flatMap { $0.metadata.deletionTimestamp == nil ? $0 : nil }
        guard case .over(let verdict, let reason, let message) = DrillJudge.judge(copy, present, run, at: now) else {
            return
        }
        conclude(run, verdict, reason, message, copy, &cluster, at: now)
        run.step = .cleaning
        run.message = "removing \(run.cluster)"
        run.progress = 100
    }

    // MARK: What people see

    private func conclude(
        _ run: DrillRun, _ verdict: DrillVerdict, _ reason: String, _ message: String, _ copy: EtcdCluster?,
        _ cluster: inout EtcdCluster, at now: Timestamp
    ) {
        let result = DrillJudge.result(verdict, reason, message, of: run, copy, at: now)
        var status = cluster.status.drill ?? ClusterDrillStatus()
        status.record(result)
        if !run.request.isEmpty { status.request = run.request }
        cluster.status.drill = status
        switch verdict {
        case .passed:
            let took = result.recoveryTime.map { ", in \($0.goText)" } ?? ""
            services.events.normal(cluster, "DrillPassed", message + took)
        case .failed:
            cluster.status.lastErrors.record(RecordedError(code: "DrillFailed", description: message, at: now))
            services.events.warning(cluster, "DrillFailed", message)
        case .unknown: services.events.warning(cluster, "DrillNotMade", message)
        }
    }

    // MARK: Records

    /// A cluster of one member that begins with the backup, and that nothing else is done with.
    static func copy(for run: DrillRun, of backup: EtcdBackup, _ cluster: EtcdCluster) -> EtcdCluster? {
        guard let storage = backup.status.storage else { return nil }
        var copy = EtcdCluster()
        copy.metadata = ObjectMeta(name: run.cluster, namespace: cluster.metadata.namespace)
        copy.metadata.labels[EtcdCluster.drillKey] = "true"
        copy.metadata.ownerReferences = [OwnerReference(to: cluster)]
        copy.spec.provider = .local
        copy.spec.version = run.version
        copy.spec.size = 1
        // Without a user: the proof is in the member's file, and a password that changed since says nothing of a backup.
        copy.spec.deletionPolicy = .delete
        copy.spec.inspections.health.enabled = false
        copy.spec.inspections.consistency.enabled = false
        var restore = ClusterRestore()
        let identity = BackupReconciler.identity(of: backup)
        var owner = BackedUpCluster()
        owner.namespace = identity.cluster.namespace
        owner.name = identity.cluster.name
        owner.incarnation = identity.cluster.incarnation
        restore.storage = storage
        restore.cluster = owner
        restore.backup = identity.name
        restore.revision = run.revision
        restore.encryption = backup.status.encryption
        copy.spec.restore = restore
        return copy
    }

    /// How far the change log behind a backup is stored, by its keeper's word; nil where there is none that leads on.
    static func logged(behind backup: EtcdBackup, _ cluster: EtcdCluster) -> Int64? {
        guard let log = cluster.status.backup?.log, log.gapTime == nil, log.storage == backup.status.storage,
            log.incarnation == backup.status.incarnation, let revision = log.revision, let own = backup.status.revision,
            revision > own
        else { return nil }
        return revision
    }

    private func newestBackup(of cluster: EtcdCluster) async throws -> EtcdBackup? {
        let labels = [ControllerServices.clusterLabel: cluster.metadata.name]
        let backups = try await services.store.list(EtcdBackup.self, in: cluster.metadata.namespace, labels: labels)
        return BackupSchedulePlan(backups, incarnation: cluster.status.incarnation).good.first
    }

    private func record<Object: Resource>(
        _ type: Object.Type, _ name: String, in cluster: EtcdCluster
    ) async throws -> Object? {
        try await services.store.find(type, named: name, in: cluster.metadata.namespace)
    }
}
