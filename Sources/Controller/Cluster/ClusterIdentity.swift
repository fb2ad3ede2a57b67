import Model

/// Which cluster a record stands for, by etcd's own identity of it.
///
/// The first cluster that was found is the one the record stands for until a person says otherwise: a foreign one at
/// the same address is told by a finding, not taken for it in silence. The backups of an imported cluster follow what
/// is really there, each identity in an incarnation of its own, so that neither's retention touches the other's.
struct ClusterIdentity {
    /// Takes up what members that agree say of their cluster; returns whether backups go to another incarnation now.
    static func settle(_ cluster: inout EtcdCluster, by health: HealthObservation) -> Bool {
        // Members of different clusters settle nothing; that is a finding of its own. Nor does a cluster that nobody
        // has seen.
        guard let id = health.clusterID, health.clusterIDs.contains(id) else { return false }
        if health.expectedClusterID == nil, !health.strangers.isEmpty { return false }
        let text = String(id, radix: 16)
        let isAccepted = cluster.metadata.annotations[EtcdCluster.acceptedClusterID] == text
        if cluster.status.clusterID.isEmpty || isAccepted { cluster.status.clusterID = text }
        // The incarnation of a Local cluster names its data directories and is ours to give.
        guard cluster.spec.provider == .imported, cluster.status.incarnation != text else { return false }
        let hadOne = !cluster.status.incarnation.isEmpty
        cluster.status.incarnation = text
        return hadOne
    }

    /// Whether a member belongs to the cluster that a backup of `incarnation` is to hold.
    static func isMember(_ sample: StatusSample, of cluster: EtcdCluster, incarnation: String) -> Bool {
        let wanted = cluster.spec.provider == .imported ? incarnation : cluster.status.clusterID
        return String(sample.clusterID, radix: 16) == wanted
    }
}
