extension EtcdClient {
    /// The members of the cluster.
    ///
    /// - Parameters:
    ///   - linearizable: whether the member first asks the leader for the newest list. Without, it tells its own view,
    ///     which is what to compare between members. Before etcd 3.5 it always tells its own view.
    ///   - timeout: how long the call may take.
    /// - Returns: the list, in no particular order.
    /// - Throws: `EtcdError`, with `learner` from a learner.
    public func memberList(
        linearizable: Bool = true, timeout: Duration? = nil
    ) async throws(EtcdError) -> EtcdMemberList {
        try await call(.memberList, timeout: timeout) { $0.bool(1, linearizable) }
    }

    /// Adds a member that will be reached at `peerURLs`, as a learner or with a vote.
    ///
    /// A member with a vote that does not start counts against the quorum at once; add learners and promote them.
    ///
    /// - Throws: `EtcdError` with `notEnoughMembers` or `unhealthyCluster` if the cluster could not bear it,
    ///   `memberExists` for a peer URL that is taken, `tooManyLearners`.
    public func memberAdd(
        peerURLs: [String], isLearner: Bool, timeout: Duration? = nil
    ) async throws(EtcdError) -> EtcdMemberAddition {
        try await call(.memberAdd, timeout: timeout) { writer in
            for url in peerURLs { writer.string(1, url) }
            writer.bool(2, isLearner)
        }
    }

    /// Removes a member for good; its data directory can never be used in this cluster again.
    @discardableResult
    public func memberRemove(_ id: UInt64, timeout: Duration? = nil) async throws(EtcdError) -> EtcdMemberList {
        try await call(.memberRemove, timeout: timeout) { $0.uint64(1, id) }
    }

    /// Gives a learner its vote.
    ///
    /// etcd refuses while the learner's log is behind nine tenths of the leader's, which on an old cluster can still be
    /// a long way: compare applied indexes first.
    ///
    /// - Throws: `EtcdError` with `learnerNotReady`, or `notLearner` if it has a vote already.
    @discardableResult
    public func memberPromote(_ id: UInt64, timeout: Duration? = nil) async throws(EtcdError) -> EtcdMemberList {
        try await call(.memberPromote, timeout: timeout) { $0.uint64(1, id) }
    }

    /// Changes where the other members reach a member.
    ///
    /// Before etcd 3.5.31 and 3.6.12 this also promotes a learner (etcd PR 21737), so never call it for one.
    @discardableResult
    public func memberUpdate(
        _ id: UInt64, peerURLs: [String], timeout: Duration? = nil
    ) async throws(EtcdError) -> EtcdMemberList {
        try await call(.memberUpdate, timeout: timeout) { writer in
            writer.uint64(1, id)
            for url in peerURLs { writer.string(2, url) }
        }
    }
}
