import Archive
import Etcd
import Model
import Observers
import Store

extension RestoreWork {
    /// Takes a snapshot of the source straight to where the members' data directories are made of it.
    func seed(_ report: @escaping Report) async throws -> RestoreResult {
        let migration = try await migration()
        let source = try await services.store.get(
            EtcdCluster.self, named: migration.spec.sourceRef.name, in: cluster.metadata.namespace)
        let origin = try await BackupOrigin.find(
            for: source, incarnation: source.status.incarnation, services: services)
        let id = String(origin.description.clusterID, radix: 16)
        guard id == migration.status.sourceClusterID else {
            throw RestoreFailure(
                "SourceReplaced",
                "EtcdCluster \"\(source.metadata.name)\" is cluster \(id) by now, not \(migration.status.sourceClusterID)",
                .again)
        }
        try await services.local.makeStaging(of: cluster)
        let download = SnapshotDownload(
            to: services.local.snapshotPath(of: cluster),
            from: "the snapshot of \(origin.description.memberName) of \(source.displayName)")
        let snapshot = try await origin.client.snapshot()
        defer { snapshot.cancel() }
        let services = services
        let cluster = cluster
        let result = try await download.receive(snapshot, etcdVersion: origin.description.etcdVersion) {
            received, expected in
            report(
                Double(received) / Double(max(1, expected)),
                received >= expected ? "proving the snapshot" : "taking a snapshot of the source")
        }
        try services.local.requireRoom(for: cluster, backupSize: Int(result.size), isReplayed: false)
        // What came before the watch was opened is in the snapshot, or it would be missing from both.
        guard let after = migration.status.recordedAfter, result.content.revision >= after else {
            throw RestoreFailure(
                "SnapshotTooOld",
                "\(origin.description.memberName) is at revision \(result.content.revision), the changes are kept from "
                    + "\(migration.status.recordedAfter ?? 0) on", .again)
        }
        return RestoreResult(seed: (result, origin.description.etcdVersion))
    }

    /// Restarts the members with their own flags and addresses, and waits until all of them serve.
    func open(_ report: @escaping Report) async throws -> RestoreResult {
        report(0, "restarting the members where they will serve")
        let views = try await services.local.processes(of: cluster)
        if views.values.contains(where: { $0.pid != nil }) { try await services.local.stop(cluster) }
        try await services.local.run(cluster)
        let target = try await services.access.target(for: cluster)
        let name = "\(cluster.displayName) (opening)"
        defer { services.members.forget(name) }
        let health = try await waitUntilServing(target, named: name, report) {
            try await services.local.run(cluster)
        }
        return RestoreResult(clusterID: health.members.compactMap { $0.status.answer?.answer.clusterID }.first)
    }

    private func migration() async throws -> EtcdMigration {
        try await services.store.get(
            EtcdMigration.self, named: cluster.spec.restore?.migrationRef?.name ?? "", in: cluster.metadata.namespace)
    }
}
