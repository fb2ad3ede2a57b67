public import Etcd

/// Stops all writes of a source at one moment, and lets them go on.
///
/// It is the alarm `CORRUPT` under a member ID of our own, a tag, so that it is recognised and lifted after a crash and that no
/// genuine alarm is ever cleared by it. Etcd 3.4 and 3.5 then refuse every change of the keyspace in the whole cluster,
/// deletions, nested transactions, grants, and the expiry of leases included, while reads, watches, HashKV and snapshots
/// go on; `NOSPACE` would let deletions and expiry through. On 3.4 and 3.5 an alarm also weakens the checks of
/// authorisation, so a cluster with authentication is never frozen in this way.
public struct SourceFreeze: Sendable {
    /// The tag of a freeze that nobody in particular makes: the letters `lodest` and two bytes.
    public static let commonTag: UInt64 = 0x6c6f_6465_7374_0001

    private let source: EtcdEndpoints
    private let alarm: EtcdAlarm

    /// Makes the freeze of a source; nothing happens yet.
    ///
    /// - Parameters:
    ///   - source: the members to ask.
    ///   - tag: the member ID of the alarm, which no member may have: it tells whose freeze it is.
    public init(_ source: EtcdEndpoints, tag: UInt64 = commonTag) {
        self.source = source
        alarm = EtcdAlarm(memberID: tag, kind: .corrupt)
    }

    /// Whether our alarm is raised.
    ///
    /// - Throws: `ReplicationError`.
    public func isActive() async throws -> Bool {
        try await ask { (client) throws(EtcdError) in try await client.alarms() }.contains(alarm)
    }

    /// Stops all writes: when it returns, none is acknowledged any more.
    ///
    /// Doing it twice does no harm.
    ///
    /// - Parameter former: the tag of an earlier freeze of the same owner, which this one takes the place of.
    /// - Throws: `ReplicationError` with `unsupported` where authentication is on, or another alarm is raised, which
    ///   says that something is wrong with the source.
    public func activate(insteadOf former: UInt64? = nil) async throws {
        guard try await !hasAuthentication() else {
            throw ReplicationError(
                .unsupported, ClusterHead.name(source),
                "authentication is on, and an alarm would weaken it on this release",
                remedy: "keep its writers away by network instead, then cut over by hand")
        }
        let raised = try await ask { (client) throws(EtcdError) in try await client.alarms() }
        let replaced = raised.filter { $0.kind == .corrupt && $0.memberID == former && $0 != alarm }
        let others = raised.filter { $0 != alarm && !replaced.contains($0) }
        // All tags of ours begin with the letters `lode`.
        guard !others.contains(where: { $0.kind == .corrupt && $0.memberID >> 32 == Self.commonTag >> 32 }) else {
            throw ReplicationError(
                .unsupported, ClusterHead.name(source), "another migration keeps it frozen",
                remedy: "roll that back or delete it first")
        }
        guard others.isEmpty else {
            throw ReplicationError(
                .unsupported, ClusterHead.name(source), "it has an alarm of its own (\(others[0].kind))",
                remedy: "see to its cause and clear it first")
        }
        try await ask { (client) throws(EtcdError) in try await client.activateAlarm(alarm) }
        // Never before ours is raised: nothing may be written in between.
        for old in replaced {
            try await ask { (client) throws(EtcdError) in try await client.deactivateAlarm(old) }
        }
    }

    /// Lets writes go on; without our alarm nothing happens.
    ///
    /// - Throws: `ReplicationError`.
    public func deactivate() async throws {
        try await ask { (client) throws(EtcdError) in try await client.deactivateAlarm(alarm) }
    }

    /// Whether authentication is on: releases before 3.5 tell it only to who tries to log in.
    public func hasAuthentication() async throws -> Bool {
        do throws(EtcdError) {
            return try await source.perform { (client) throws(EtcdError) in
                do throws(EtcdError) {
                    return try await client.authStatus().isEnabled
                } catch {
                    switch error.code {
                    case .unimplemented: return try await client.hasAuthentication()
                    case .unauthenticated, .permissionDenied: return true
                    default: throw error
                    }
                }
            }
        } catch {
            throw ReplicationError(error, ClusterHead.name(source))
        }
    }

    @discardableResult
    private func ask<Answer: Sendable>(
        _ call: (EtcdClient) async throws(EtcdError) -> Answer
    ) async throws -> Answer {
        do throws(EtcdError) {
            return try await source.perform(rounds: 3, call)
        } catch {
            throw ReplicationError(error, ClusterHead.name(source))
        }
    }
}
