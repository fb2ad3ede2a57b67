import Archive
import Etcd
import Model
import Observers
import Store

/// The member a backup is taken from.
struct BackupOrigin {
    let client: EtcdClient
    let description: BackupPipeline.Origin

    /// Looks at the members of a cluster afresh and chooses the healthiest.
    static func find(for cluster: EtcdCluster, services: ControllerServices) async throws -> BackupOrigin {
        let target = try await services.access.target(for: cluster)
        let health = await services.health.observe(target, named: cluster.displayName, timeout: .seconds(6))
        let member = try BackupSource.choose(from: health, excluding: try await accused(cluster, services)).get()
        guard let sample = member.status.answer?.answer else {
            throw EvidenceFailure(.other, "\(member.name) did not tell its version")
        }
        return BackupOrigin(
            client: try services.members.client(for: member.endpoint, of: target),
            description: BackupPipeline.Origin(
                clusterID: sample.clusterID, memberName: member.name, memberID: sample.memberID,
                endpoint: member.endpoint, etcdVersion: sample.version))
    }

    /// The members that the consistency inspection accuses of holding other data than the majority.
    private static func accused(_ cluster: EtcdCluster, _ services: ControllerServices) async throws -> Set<String> {
        let labels = [ControllerServices.clusterLabel: cluster.metadata.name]
        let inspections = try await services.store.list(
            EtcdInspection.self, in: cluster.metadata.namespace, labels: labels)
        let evidence = inspections.filter { $0.spec.type == .consistency }.flatMap(\.status.evidence)
        return Set(evidence.filter { $0.verdict == .diverged }.map(\.member))
    }
}
