import ControllerRuntime
import Model
import Observers
import Store

/// Looks at members that leave what they saw on the board of observations.
extension ControllerServices {
    /// Looks at how a cluster's members are; whoever asks meanwhile joins.
    ///
    /// - Parameters:
    ///   - target: the way to the members.
    ///   - key: what the cluster is remembered by.
    ///   - timeout: how long the look may take.
    ///   - record: the record to wake if the look takes longer than a moment.
    ///   - listener: a record to wake in any case, if it is this call that begins the look.
    /// - Returns: whether the look has ended.
    func lookAtMembers(
        _ target: ClusterTarget, named key: String, timeout: Duration, for record: RecordID,
        telling listener: RecordID? = nil
    ) async -> Bool {
        await lookout.attend(Self.health(key), for: record) { [self] in
            let look = observations.begin(key)
            var seen = await health.observe(target, named: key, timeout: timeout)
            let freezes = seen.freezes
            if !freezes.isEmpty { seen.knownFreezes = await knownFreezes() }
            // What was cut short by the end of the controller was not seen.
            guard !Task.isCancelled else { return }
            observations.put(seen, from: look, at: key)
            // Whose record says nothing of it lifts it.
            for owner in freezes.compactMap(migrationBoard.noteFreeze) { wakeups.wake(owner) }
            if let listener { wakeups.wake(listener) }
        }
    }

    /// By what the freezes of the migrations that have a record are known; nil if that cannot be found out.
    private func knownFreezes() async -> Set<UInt64>? {
        guard let migrations = try? await store.list(EtcdMigration.self, in: nil) else { return nil }
        var tags = Set(migrations.map(\.freezeTag))
        // Of a freeze of before each had a tag of its own it is only known that it is of some migration.
        if migrations.contains(where: \.hasCommonFreeze) { tags.insert(RaisedAlarm.commonFreezeTag) }
        return tags
    }

    /// Compares a cluster's members; whoever asks meanwhile joins.
    ///
    /// - Returns: whether the comparison has ended; else the record will be woken.
    func compareMembers(
        _ target: ClusterTarget, named key: String, timeout: Duration, for record: RecordID
    ) async -> Bool {
        await lookout.attend(Self.consistency(key), for: record) { [self] in
            let look = observations.begin(key)
            var (earlier, budget) = observations.consistency(of: key)
            let seen = await consistency.observe(
                target, named: key, timeout: timeout, earlier: earlier, budget: &budget)
            guard !Task.isCancelled else { return }
            observations.put(seen, budget: budget, from: look, at: key)
        }
    }

    /// Forgets what was seen of a cluster that is gone.
    func forgetLooks(at key: String) {
        observations.forget(key)
        lookout.forget([Self.health(key), Self.consistency(key)])
    }

    private static func health(_ key: String) -> String { "health \(key)" }
    private static func consistency(_ key: String) -> String { "consistency \(key)" }
}
