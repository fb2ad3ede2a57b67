import ControllerRuntime
import Model
import Store

extension ClusterRestorer {
    /// Does what the migration that fills the cluster wants of it; nil if the phase on record goes on.
    func obey(
        _ restore: inout ClusterRestoreStatus, _ cluster: inout EtcdCluster, at now: Timestamp
    ) async throws -> Outcome? {
        guard let name = cluster.spec.restore?.migrationRef?.name else { return nil }
        let migration = try await migration(named: name, of: cluster)
        switch MigrationOrder.next(restore, migration) {
        case .proceed: return nil
        case .wait(let why):
            show(restore, in: &cluster, "WaitingForMigration", why, at: now)
            return .again(after: .seconds(5), because: "the migration wakes it")
        case .begin(let seeding):
            try await begin(seeding, &restore, cluster, at: now)
            show(restore, in: &cluster, restore.phase.rawValue, restore.message, at: now)
            return .again(after: .zero, because: "what is fetched is written down before it is")
        case .startOver(let why):
            guard await services.restores.forget(cluster) else {
                return .again(after: .milliseconds(200), because: "the work for the former filling is ending")
            }
            try await services.local.putAside(cluster, reason: "filled anew by EtcdMigration \(name): \(why)")
            await services.local.release(fence: restore.fence)
            let former = restore.seeding
            restore = ClusterRestoreStatus()
            restore.seeding = former
            cluster.status.clusterID = ""
            show(restore, in: &cluster, "FilledAnew", why, at: now)
            return .again(after: .zero, because: "it is filled anew")
        case .follow:
            try await services.local.runFenced(cluster, restore.fence)
            restore.message = "following \(migration?.spec.sourceRef.name ?? "") behind the fence"
            show(restore, in: &cluster, "Following", restore.message, at: now)
            return .again(after: .seconds(5), because: "members that ended are started again")
        case .open:
            restore.phase = .opening
            restore.message = "giving the members the addresses they will serve at"
            show(restore, in: &cluster, "Opening", restore.message, at: now)
            return .again(after: .zero, because: "the phase is written down before its work begins")
        case .close:
            try await services.local.stop(cluster)
            restore.fence = try await services.local.planFence(of: cluster)
            restore.isOpen = false
            restore.phase = .starting
            restore.message = "going back behind the fence"
            show(restore, in: &cluster, "Starting", restore.message, at: now)
            return .again(after: .zero, because: "the phase is written down before its work begins")
        case .stayOpen:
            try await services.local.run(cluster)
            restore.message = "waiting for the cut-over"
            show(restore, in: &cluster, "Opening", restore.message, at: now)
            return .again(after: .seconds(5), because: "members that ended are started again")
        case .serve:
            return try await enter(.succeeded, &restore, &cluster, nil, at: now)
        case .giveUp(let why):
            guard await services.restores.forget(cluster) else {
                return .again(after: .milliseconds(200), because: "the work for the migration is ending")
            }
            let failure = RestoreFailure("MigrationOver", why, .over)
            return try await perform(.giveUp(failure), &restore, &cluster, (.none, nil, nil), at: now)
        }
    }

    private func begin(
        _ seeding: Int64, _ restore: inout ClusterRestoreStatus, _ cluster: EtcdCluster, at now: Timestamp
    ) async throws {
        guard cluster.status.clusterID.isEmpty else {
            throw RestoreFailure("AlreadyFormed", "the cluster has formed already", .over)
        }
        restore.startTime = now.wholeSeconds
        restore.seeding = seeding
        restore.fence = restore.fence.isEmpty ? try await services.local.planFence(of: cluster) : restore.fence
        restore.phase = .fetching
        restore.message = "taking a snapshot of the source"
        services.events.normal(cluster, "RestoreBegun", restore.message)
    }

    private func migration(named name: String, of cluster: EtcdCluster) async throws -> EtcdMigration? {
        let found = try await services.store.find(EtcdMigration.self, named: name, in: cluster.metadata.namespace)
        return found.flatMap { $0.spec.destinationRef.name == cluster.metadata.name ? $0 : nil }
    }
}
