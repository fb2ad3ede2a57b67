import Model

/// The backups of a cluster that restores under way read from; retention leaves them alone until those end.
struct BackupsInUse {
    private let names: Set<String>
    private let records: Set<String>

    /// Finds them among all clusters there are.
    init(of cluster: EtcdCluster, by clusters: [EtcdCluster]) {
        let restores = clusters.filter { other in
            guard other.spec.restore != nil, other.metadata.deletionTimestamp == nil else { return false }
            return other.status.restore.map { $0.phase != .succeeded && $0.phase != .failed } ?? true
        }
        names = Set(
            restores.compactMap { other in
                guard let restore = other.status.restore, let owner = restore.cluster,
                    owner.name == cluster.metadata.name, owner.incarnation == cluster.status.incarnation
                else { return nil }
                return restore.backup
            })
        // What has not been written down as chosen yet is named by its record at most.
        records = Set(
            restores.filter { $0.metadata.namespace == cluster.metadata.namespace }
                .compactMap { $0.spec.restore?.backupRef?.name })
    }

    /// Whether a restore reads from the backup of that name in the storage, or from that of that record.
    func contains(_ name: String, record: String) -> Bool { names.contains(name) || records.contains(record) }
}
