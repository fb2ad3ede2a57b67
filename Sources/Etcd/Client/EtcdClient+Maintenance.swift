import Transport

extension EtcdClient {
    /// What the member says about itself; a learner answers too.
    public func status(timeout: Duration? = nil) async throws(EtcdError) -> EtcdStatus {
        try await call(.status, timeout: timeout)
    }

    /// The alarms that are raised in the cluster.
    public func alarms(timeout: Duration? = nil) async throws(EtcdError) -> [EtcdAlarm] {
        try await alarm(.get, nil, timeout)
    }

    /// Raises an alarm, which stops writes (`noSpace`) or everything (`corrupt`) in the whole cluster until it is
    /// cleared.
    @discardableResult
    public func activateAlarm(_ alarm: EtcdAlarm, timeout: Duration? = nil) async throws(EtcdError) -> [EtcdAlarm] {
        try await self.alarm(.activate, alarm, timeout)
    }

    /// Clears an alarm, whose cause must be gone first or it comes back, and returns what was cleared.
    @discardableResult
    public func deactivateAlarm(_ alarm: EtcdAlarm, timeout: Duration? = nil) async throws(EtcdError) -> [EtcdAlarm] {
        try await self.alarm(.deactivate, alarm, timeout)
    }

    /// Rewrites the member's database file without its free pages.
    ///
    /// The member answers no read and no write meanwhile, some 4 s per gigabyte and more. Never on two members at once,
    /// the leader last.
    public func defragment(timeout: Duration = .seconds(120)) async throws(EtcdError) {
        let _: HeaderResponse = try await call(.defragment, timeout: timeout)
    }

    /// The hash of the member's key-value store at `revision`, 0 for its newest.
    ///
    /// The member takes no writes meanwhile (1 s per gigabyte and more), so never ask several members at once, and the
    /// leader last. From etcd 3.5.5 on the hash at the revision of the last compaction comes from a cache.
    ///
    /// - Throws: `EtcdError` with `compacted` or `futureRevision` for a revision that the member cannot hash.
    public func hashKV(
        revision: Int64 = 0, timeout: Duration = .seconds(60)
    ) async throws(EtcdError) -> HashKV {
        do throws(EtcdError) {
            return try await call(.hashKV, timeout: timeout) { $0.int64(1, revision) }
        } catch {
            guard error.code == .compacted, revision > 0 else { throw error }
            // Up to 3.4.26 and 3.5.9 the compact revision itself is refused, also where nothing was written since.
            let newest: HashKV = try await call(.hashKV, timeout: timeout) { $0.int64(1, 0) }
            guard newest.header.revision == revision else { throw error }
            return newest
        }
    }

    /// Streams the member's database file, followed by the SHA-256 of it.
    ///
    /// The cheapest way to read everything. The stream fails after `idleTimeout` without a byte, and when the server
    /// goes on without making progress, which etcd does after an error of its disk.
    public func snapshot(idleTimeout: Duration = .seconds(30)) async throws(EtcdError) -> SnapshotStream {
        let (stream, _) = try await open(.snapshot, sending: [], idleTimeout: idleTimeout)
        return SnapshotStream(stream, endpoint: endpoint.url)
    }

    /// Makes another member the leader; only the leader itself can do that.
    ///
    /// - Throws: `EtcdError` with `notLeader`, or `badLeaderTransferee` if that member has no vote or is not there.
    public func moveLeader(to member: UInt64, timeout: Duration? = nil) async throws(EtcdError) {
        let _: HeaderResponse = try await call(.moveLeader, timeout: timeout) { $0.uint64(1, member) }
    }

    private func alarm(
        _ action: AlarmAction, _ alarm: EtcdAlarm?, _ timeout: Duration?
    ) async throws(EtcdError) -> [EtcdAlarm] {
        let response: AlarmResponse = try await call(.alarm, timeout: timeout) { writer in
            writer.uint64(1, action.rawValue)
            writer.uint64(2, alarm?.memberID ?? 0)
            writer.uint64(3, alarm?.kind.rawValue ?? 0)
        }
        return response.alarms
    }
}
