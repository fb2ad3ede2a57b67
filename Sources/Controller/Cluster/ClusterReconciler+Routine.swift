public import Model

/// What of a cluster's status is routine: when its members were looked at, and the figures that move as it works.
extension ClusterReconciler {
    /// Whether a pass found the cluster as it was, but for times and for figures that writes move.
    public func isRoutine(_ cluster: EtcdCluster, since base: EtcdCluster) -> Bool {
        Self.isRoutine(cluster.status, since: base.status)
    }

    static func isRoutine(_ status: EtcdClusterStatus, since old: EtcdClusterStatus) -> Bool {
        guard status.members.count == old.members.count, status.inspections.count == old.inspections.count else {
            return false
        }
        var quiet = status
        Routine.keep(old.observedTime, in: &quiet.observedTime)
        Routine.keep(old.revision, in: &quiet.revision)
        for (index, before) in old.members.enumerated() {
            Routine.keep(before.revision, in: &quiet.members[index].revision)
            Routine.keep(before.dbSize, in: &quiet.members[index].dbSize)
            Routine.keep(before.dbSizeInUse, in: &quiet.members[index].dbSizeInUse)
            // etcd's own bookkeeping moves these without a write of anybody's.
            Routine.keep(before.raftIndex, in: &quiet.members[index].raftIndex)
            Routine.keep(before.raftAppliedIndex, in: &quiet.members[index].raftAppliedIndex)
            Routine.keep(wordingOf: before.message, in: &quiet.members[index].message)
        }
        for (index, before) in old.inspections.enumerated() {
            Routine.keep(before.time, in: &quiet.inspections[index].time)
            Routine.keep(wordingOf: before.message, in: &quiet.inspections[index].message)
        }
        Routine.keep(wordingOf: old.conditions, in: &quiet.conditions)
        return quiet == old
    }
}
