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
    ///
    /// Only members of the very incarnation that is to be backed up count: another cluster may answer at the same
    /// addresses by now, and its bytes must not lie among the backups of this one.
    static func find(
        for cluster: EtcdCluster, incarnation: String, services: ControllerServices
    ) async throws -> BackupOrigin {
        let target = try await services.access.target(for: cluster)
        var health = await services.health.observe(target, named: cluster.displayName, timeout: .seconds(6))
        let foreign = health.members.compactMap { $0.status.answer?.answer }.first {
            !ClusterIdentity.isMember($0, of: cluster, incarnation: incarnation)
        }
        health.members.removeAll { member in
            member.status.answer.map { !ClusterIdentity.isMember($0.answer, of: cluster, incarnation: incarnation) }
                ?? false
        }
        if health.members.isEmpty, let foreign {
            throw EvidenceFailure(
                .other,
                "EtcdCluster \(cluster.displayName): cluster \(String(foreign.clusterID, radix: 16)) answers at its "
                    + "addresses; correct spec.endpoints, or accept it as the finding ClusterReplaced says")
        }
        let choice = try BackupSource.choose(from: health, against: try await suspicion(of: cluster, services)).get()
        let member = choice.member
        guard let sample = member.status.answer?.answer else {
            throw EvidenceFailure(.other, "\(member.name) did not tell its version")
        }
        return BackupOrigin(
            client: try services.members.client(for: member.endpoint, of: target),
            description: BackupPipeline.Origin(
                clusterID: sample.clusterID, memberName: member.name, memberID: sample.memberID,
                endpoint: member.endpoint, etcdVersion: sample.version,
                doubt: choice.doubt.map { "taken from \(member.name) while the members held different data: \($0)" }
                    ?? ""
            ))
    }

    /// What is known against the cluster's members; inspections are labelled with their cluster as they run.
    static func suspicion(of cluster: EtcdCluster, _ services: ControllerServices) async throws -> Suspicion {
        let labels = [ControllerServices.clusterLabel: cluster.metadata.name]
        let inspections = try await services.store.list(
            EtcdInspection.self, in: cluster.metadata.namespace, labels: labels)
        return Suspicion(
            of: inspections.filter {
                $0.spec.type == .consistency && $0.spec.clusterRef.name == cluster.metadata.name
            })
    }
}
