extension EtcdMigration {
    /// Until when goal `RolledBack` is accepted; nil before the cut-over, after a return, and where what was moved is
    /// being removed from the source.
    package var wayBackEnds: Timestamp? {
        guard status.phase == .completed, spec.cutover.source != .removed, status.removedKeys == nil else { return nil }
        return status.completionTime.map { $0 + spec.rollbackWindow }
    }
}
