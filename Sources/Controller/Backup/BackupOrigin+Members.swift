import Archive
import Etcd
import Model
import Observers

extension BackupOrigin {
    /// The members whose changes may be recorded, the healthiest first, and the identity of their cluster.
    ///
    /// A member that is accused of holding other data than the majority is not among them: its changes would be those
    /// of another history.
    static func members(
        of cluster: EtcdCluster, incarnation: String, services: ControllerServices
    ) async throws -> (endpoints: EtcdEndpoints, clusterID: UInt64) {
        let best = try await find(for: cluster, incarnation: incarnation, services: services)
        let suspicion = try await suspicion(of: cluster, services)
        let target = try await services.access.target(for: cluster)
        let health = await services.health.observe(target, named: cluster.displayName, timeout: .seconds(6))
        let others = try health.members.filter { member in
            guard let sample = member.status.answer?.answer else { return false }
            return !member.isLearner && !suspicion.accuses(member)
                && member.endpoint != best.description.endpoint
                && ClusterIdentity.isMember(sample, of: cluster, incarnation: incarnation)
        }.map { try services.members.client(for: $0.endpoint, of: target) }
        return (EtcdEndpoints(best.client, others), best.description.clusterID)
    }
}
