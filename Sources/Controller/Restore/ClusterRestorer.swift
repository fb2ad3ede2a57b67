import Archive
import ControllerRuntime
import Model
import Store

/// Makes a new Local cluster out of a backup, phase by phase, before it is run like any other.
///
/// Fetch and prove the backup; make and prove each member's data directory; run the members behind a fence; stop them and
/// prove what is on their disks; only then is the cluster there for others. The cluster that the backup is of is never
/// looked at: all that is known of it is in the manifest.
struct ClusterRestorer {
    /// What the work of a phase leaves.
    private typealias Progress = RestoreProgress

    private static let look = Duration.milliseconds(500)

    let services: ControllerServices

    /// Takes the restore one step further; nil if there is none, or none any more.
    func advance(_ cluster: inout EtcdCluster, at now: Timestamp) async throws -> Outcome? {
        guard cluster.spec.restore != nil, cluster.status.restore?.phase != .succeeded else { return nil }
        var restore = cluster.status.restore ?? ClusterRestoreStatus()
        await services.local.reserve(cluster)
        if let outcome = try await obey(&restore, &cluster, at: now) {
            cluster.status.restore = restore
            return outcome
        }
        if cluster.spec.paused, restore.phase != .failed {
            show(restore, in: &cluster, "Paused", "the restore goes on when spec.paused is false", at: now)
            return .again(after: .seconds(30), because: "the cluster is paused")
        }
        let work = await work(of: restore.phase, for: cluster)
        let action = RestorePlan.next(
            in: restore.phase, work.state, failures: restore.failures,
            isMigration: cluster.spec.restore?.migrationRef != nil)
        let outcome = try await perform(action, &restore, &cluster, work, at: now)
        cluster.status.restore = restore
        return outcome
    }

    // MARK: One action

    func perform(
        _ action: RestorePlan.Action, _ restore: inout ClusterRestoreStatus, _ cluster: inout EtcdCluster,
        _ work: (state: RestorePlan.Work, result: RestoreResult?, progress: RestoreProgress?), at now: Timestamp
    ) async throws -> Outcome {
        switch action {
        case .choose:
            do {
                try await choose(&restore, cluster, at: now)
            } catch  where !(error is CancellationError) {
                let next = RestorePlan.next(
                    in: restore.phase, .failed(RestoreFailure(error)), failures: restore.failures)
                return try await perform(next, &restore, &cluster, work, at: now)
            }
            show(restore, in: &cluster, "Fetching", restore.message, at: now)
            return .again(after: .zero, because: "which backup it is, is written down before it is fetched")
        case .begin:
            await begin(restore, cluster)
            show(restore, in: &cluster, restore.phase.rawValue, restore.message, at: now)
            return .again(after: Self.look, because: "the restore is under way")
        case .wait:
            if let progress = work.progress {
                restore.progress = RestorePlan.percent(restore.phase, progress.part)
                restore.message = progress.message
            }
            show(restore, in: &cluster, restore.phase.rawValue, restore.message, at: now)
            return .again(after: Self.look, because: "the restore is under way")
        case .advance(let phase):
            return try await enter(phase, &restore, &cluster, work.result, at: now)
        case .tryAgain(let failure, let wait):
            restore.failures += 1
            restore.message = "\(failure); tried again in \(wait.components.seconds)s"
            fail(restore, in: &cluster, failure, at: now)
            return .again(after: wait, because: "the restore failed and is tried again")
        case .giveUp(let failure):
            try await services.local.stop(cluster)
            try await services.local.removeStaging(of: cluster)
            restore.phase = .failed
            restore.completionTime = now.wholeSeconds
            restore.message = failure.description
            await services.local.release(fence: restore.fence)
            restore.fence = [:]
            fail(restore, in: &cluster, failure, at: now)
            return .settled
        case .nothing: return .settled
        }
    }

    /// Finds the backup and writes down which one it is, with the ports behind the fence.
    private func choose(_ restore: inout ClusterRestoreStatus, _ cluster: EtcdCluster, at now: Timestamp) async throws {
        guard cluster.status.clusterID.isEmpty else {
            throw RestoreFailure("AlreadyFormed", "the cluster has formed already; restore into a new record", .over)
        }
        restore.startTime = restore.startTime ?? now.wholeSeconds
        let source = try await RestoreSource.find(for: cluster, services: services)
        let keys = try await BackupKeys(store: services.store).keyring(
            source.encryption, in: cluster.metadata.namespace)
        let archive = try await services.archives.archive(
            source.storage, with: services.access.secrets(of: cluster), keys: keys)
        let manifest = try await archive.confirm(source.id)
        try Self.requireVersion(of: manifest, cluster)
        if let point = cluster.spec.restore?.point {
            let log = try await services.archives.log(of: source, keys, with: services.access.secrets(of: cluster))
            try await source.requireLog(log, point, behind: manifest)
        }
        try services.local.requireRoom(
            for: cluster, backupSize: Int(manifest.file.size), isReplayed: cluster.spec.restore?.isRewritten ?? false)
        var owner = BackedUpCluster()
        owner.namespace = source.id.cluster.namespace
        owner.name = source.id.cluster.name
        owner.incarnation = source.id.cluster.incarnation
        restore.storage = source.storage
        restore.cluster = owner
        restore.backup = source.id.name
        restore.encryption = source.encryption
        restore.take(manifest)
        restore.fence = restore.fence.isEmpty ? try await services.local.planFence(of: cluster) : restore.fence
        restore.phase = .fetching
        restore.failures = 0
        restore.message = "fetching \(source.id.name) of \(owner.namespace ?? "")/\(owner.name)"
        services.events.normal(cluster, "RestoreBegun", restore.message)
    }

    /// An older etcd does not read what a newer one wrote.
    private static func requireVersion(of manifest: BackupManifest, _ cluster: EtcdCluster) throws(RestoreFailure) {
        guard let old = EtcdVersion(manifest.etcdVersion), let new = cluster.spec.version.flatMap({ EtcdVersion($0) }),
            (new.major, new.minor) < (old.major, old.minor)
        else { return }
        throw RestoreFailure(
            "VersionTooOld",
            "the backup was taken of etcd \(manifest.etcdVersion), which etcd \(new) does not read; make a new record "
                + "with spec.version \(old.major).\(old.minor) or newer", .over)
    }

    /// Writes the next phase down; its work begins in the next pass.
    func enter(
        _ phase: RestorePhase, _ restore: inout ClusterRestoreStatus, _ cluster: inout EtcdCluster,
        _ result: RestoreResult?, at now: Timestamp
    ) async throws -> Outcome {
        if let manifest = result?.manifest { restore.take(manifest) }
        if let seed = result?.seed { restore.take(seed.snapshot, etcdVersion: seed.etcdVersion) }
        if let replayed = result?.replayed { restore.take(replayed, bumpedBy: cluster.spec.restore?.revisionBump) }
        if let id = result?.clusterID { cluster.status.clusterID = String(id, radix: 16) }
        if phase == .opening {
            await services.local.release(fence: restore.fence)
            (restore.fence, restore.isOpen) = ([:], true)
        }
        restore.phase = phase
        // To fetch once more is a step back.
        restore.failures = phase == .fetching ? restore.failures + 1 : phase == .restoring ? restore.failures : 0
        restore.progress = RestorePlan.percent(phase, 0)
        restore.message =
            switch phase {
            case .restoring: "making data directories"
            case .starting: "starting members behind the fence"
            case .proving: "proving what the members left on their disks"
            default: restore.message
            }
        if phase == .restoring, let plan = try await services.local.replan(cluster) {
            cluster.status.members = plan.members
        }
        guard phase == .succeeded else {
            show(restore, in: &cluster, phase.rawValue, restore.message, at: now)
            return .again(after: .zero, because: "the next phase is written down before its work begins")
        }
        try await services.local.removeStaging(of: cluster)
        await services.local.release(fence: restore.fence)
        restore.fence = [:]
        restore.completionTime = now.wholeSeconds
        let what =
            if let migration = cluster.spec.restore?.migrationRef {
                "filled by EtcdMigration \(migration.name) and proven equal; it began with"
            } else {
                "\(restore.backup) of \(restore.cluster?.name ?? "")"
            }
        let took = restore.startTime.map { Duration.seconds((now - $0).components.seconds).goText } ?? ""
        restore.message =
            "\(what)\(restore.replayedText): revision \(restore.revision ?? 0), \(restore.keys ?? 0) keys, "
            + "\(restore.leases ?? 0) leases, HashKV \(restore.hashKV ?? 0) on \(cluster.plannedMembers.count) members, in \(took)"
        cluster.status.phase = .creating
        cluster.status.conditions.set(
            Condition(.restored, .true, reason: "Proven", message: restore.message), at: now,
            generation: cluster.metadata.generation)
        services.events.normal(cluster, "Restored", restore.message)
        return .again(after: .zero, because: "the cluster is restored and written down as such before it serves")
    }

    // MARK: Jobs

    private func work(
        of phase: RestorePhase, for cluster: EtcdCluster
    ) async -> (state: RestorePlan.Work, result: RestoreResult?, progress: RestoreProgress?) {
        switch await services.restores.state(of: phase.rawValue, for: cluster) {
        case nil: return (.none, nil, nil)
        case .waiting: return (.underway, nil, RestoreProgress(part: 0, message: "waiting for other restores"))
        case .running(let progress): return (.underway, nil, progress)
        case .finished:
            guard let result = await services.restores.takeResult(of: phase.rawValue, for: cluster) else {
                return (.none, nil, nil)
            }
            switch result {
            case .success(let result): return (.done, result, nil)
            case .failure(is CancellationError): return (.interrupted, nil, nil)
            case .failure(let error): return (.failed(RestoreFailure(error)), nil, nil)
            }
        }
    }

    private func begin(_ restore: ClusterRestoreStatus, _ cluster: EtcdCluster) async {
        let work = RestoreWork(services: services, cluster: cluster, restore: restore)
        await services.restores.start(restore.phase.rawValue, for: cluster) { handle in
            try await work.run { part, message in handle.report(RestoreProgress(part: part, message: message)) }
        }
    }

    // MARK: What people see

    func show(
        _ restore: ClusterRestoreStatus, in cluster: inout EtcdCluster, _ reason: String, _ message: String,
        at now: Timestamp
    ) {
        cluster.status.phase = .restoring
        cluster.status.readyMembers = 0
        let generation = cluster.metadata.generation
        let text = "restoring, \(restore.progress)%: \(message)"
        cluster.status.conditions.set(
            Condition(.ready, .false, reason: "Restoring", message: text), at: now, generation: generation)
        cluster.status.conditions.set(
            Condition(.restored, .false, reason: reason, message: message), at: now, generation: generation)
    }

    private func fail(
        _ restore: ClusterRestoreStatus, in cluster: inout EtcdCluster, _ failure: RestoreFailure, at now: Timestamp
    ) {
        let isNews = cluster.status.conditions[.restored]?.reason != failure.reason || restore.phase == .failed
        cluster.status.phase = .failed
        let generation = cluster.metadata.generation
        cluster.status.conditions.set(
            Condition(.ready, .false, reason: failure.reason, message: restore.message), at: now, generation: generation
        )
        cluster.status.conditions.set(
            Condition(.restored, .false, reason: failure.reason, message: restore.message), at: now,
            generation: generation)
        cluster.status.lastOperation = LastOperation(
            type: "Restore", state: "Error", description: failure.description, at: now)
        guard isNews else { return }
        cluster.status.lastErrors.record(
            RecordedError(code: failure.reason, description: failure.description, at: now))
        services.events.warning(cluster, "RestoreFailed", failure.description)
    }
}
