import Etcd
import Synchronization
import Transport

/// Keeps the leases of a destination those of its source: granted before a key needs them, alive, gone when they are.
///
/// A lease that ends at the destination by itself would take a revision that the source does not have, and that cannot
/// be mended. So all of them are renewed at a third of the shortest time to live, and one that the source no longer has
/// is revoked only when it has no keys any more, which takes no revision. It must outlive short ends of the replay; if
/// it is dead for longer than the shortest time to live, the destination's members must be stopped.
final class LeaseKeeper: Sendable {
    private struct State {
        /// The destination's leases and how long each lives.
        var known: [Int64: Duration] = [:]
        /// The last revision that needs a lease.
        var needed: [Int64: Int64] = [:]
        /// Leases that are being revoked.
        var condemned: Set<Int64> = []
        /// What the source said of its leases the last time.
        var atSource: [Int64: Duration] = [:]
    }

    /// How long a lease lives whose source has forgotten it: its keys are about to be deleted.
    private static let forgotten = Duration.seconds(3600)
    private static let concurrency = 8

    private let source: EtcdEndpoints
    private let destination: EtcdEndpoints
    private let board: ReplayBoard
    private let interval: Duration
    private let state = Mutex(State())

    init(source: EtcdEndpoints, destination: EtcdEndpoints, board: ReplayBoard, interval: Duration) {
        self.source = source
        self.destination = destination
        self.board = board
        self.interval = interval
    }

    /// Learns which leases the destination has.
    func prepare() async throws(EtcdError) {
        let ids = try await destination.perform { (client) throws(EtcdError) in try await client.leases() }
        let lives = try await timesToLive(of: ids, in: destination)
        state.withLock { state in
            state.known = lives
            state.condemned = []
        }
        board.change { $0.leases = lives.count }
    }

    /// The leases that a revision needs and the destination does not have.
    func missing(for changes: RevisionChanges) -> Set<Int64> {
        var missing: Set<Int64> = []
        for event in changes.events where event.kind == .put && event.keyValue.lease != 0 {
            let id = event.keyValue.lease
            state.withLock { state in
                state.needed[id] = changes.revision
                if state.known[id] == nil || state.condemned.contains(id) { missing.insert(id) }
            }
        }
        return missing
    }

    /// Grants leases at the destination with the IDs and times to live that they have at the source.
    func grant(_ ids: Set<Int64>) async throws(EtcdError) {
        for id in ids {
            while state.withLock({ $0.condemned.contains(id) }) { try await pause(.milliseconds(5)) }
            guard state.withLock({ $0.known[id] == nil }) else { continue }
            try await grant(id, timeToLive(atSource: id))
        }
    }

    /// Forgets that the destination has leases, because it says it has not.
    func forget(_ changes: RevisionChanges) {
        state.withLock { state in
            for event in changes.events { state.known[event.keyValue.lease] = nil }
        }
    }

    /// Renews all leases, again and again.
    func keepAlive() async throws {
        while true {
            let (ids, shortest) = state.withLock { ($0.known.keys.sorted(), $0.known.values.min()) }
            // A member that hangs must not be waited for until the leases have ended; another one renews them as well.
            let silence = min(max((shortest ?? interval) / 4, .milliseconds(300)), .seconds(8))
            do throws(EtcdError) {
                let lives = try await destination.perform { (client) throws(EtcdError) in
                    try await client.leaseKeepAliveOnce(each: ids, silence: silence)
                }
                state.withLock { state in
                    for (id, life) in lives where state.known[id] != nil { state.known[id] = life }
                    for id in ids where lives[id] == nil { state.known[id] = nil }
                }
            } catch {
                guard error.code != .cancelled else { throw CancellationError() }
                try await Task.sleep(for: .milliseconds(100))  // The next attempt, at the next member, is due at once.
                continue
            }
            // A lease that is granted meanwhile may be a shorter one.
            try await Task.sleep(for: min(max((shortest ?? interval * 3) / 3, .milliseconds(200)), .seconds(1)))
        }
    }

    /// Grants what the source has and revokes what it has not, again and again; only leases without keys need it.
    func follow() async throws {
        while true {
            try await Task.sleep(for: interval)
            do throws(EtcdError) {
                try await synchronize()
            } catch {
                guard error.code != .cancelled else { throw CancellationError() }
            }
        }
    }

    /// Does once what `follow` does again and again.
    func synchronize() async throws(EtcdError) {
        let (header, ids) = try await source.perform { (client) throws(EtcdError) in try await client.leaseList() }
        let present = Set(ids)
        let (unknown, old) = state.withLock { state in
            state.atSource = state.atSource.filter { present.contains($0.key) }
            return (ids.filter { state.known[$0] == nil }, state.known.keys.filter { !present.contains($0) })
        }
        let fresh = try await timesToLive(
            of: ids.filter { id in state.withLock { $0.atSource[id] == nil } }, in: source)
        state.withLock { $0.atSource.merge(fresh) { _, new in new } }
        for id in unknown {
            guard let life = state.withLock({ $0.atSource[id] }) else { continue }
            try await grant(id, life)
        }
        // A lease that was gone at the source then may be named by changes up to there, but by none after it.
        guard !old.isEmpty, board.now.applied >= header.revision else { return }
        for id in old { try await revoke(id) }
    }

    /// Revokes a lease if nothing needs it and it has no keys.
    private func revoke(_ id: Int64) async throws(EtcdError) {
        let applied = board.now.applied
        let mayGo = state.withLock { state in
            guard state.needed[id] ?? 0 <= applied else { return false }
            state.condemned.insert(id)
            return true
        }
        guard mayGo else { return }
        defer { state.withLock { _ = $0.condemned.remove(id) } }
        let status = try await destination.perform { (client) throws(EtcdError) in
            try await client.leaseTimeToLive(id, includesKeys: true)
        }
        guard status.keys.isEmpty else { return }
        do throws(EtcdError) {
            try await destination.perform { (client) throws(EtcdError) in try await client.leaseRevoke(id) }
        } catch {
            guard error.code == .leaseNotFound else { throw error }
        }
        let count = state.withLock { state in
            state.known[id] = nil
            state.needed[id] = nil
            return state.known.count
        }
        board.change { $0.leases = count }
    }

    private func grant(_ id: Int64, _ life: Duration) async throws(EtcdError) {
        var granted = life
        do throws(EtcdError) {
            granted = try await destination.perform { (client) throws(EtcdError) in
                try await client.leaseGrant(timeToLive: life, id: id)
            }.timeToLive
        } catch {
            guard error.code == .leaseExists else { throw error }
        }
        let count = state.withLock { state in
            state.known[id] = granted
            return state.known.count
        }
        board.change { $0.leases = count }
    }

    private func timeToLive(atSource id: Int64) async throws(EtcdError) -> Duration {
        do throws(EtcdError) {
            let status = try await source.perform { (client) throws(EtcdError) in
                try await client.leaseTimeToLive(id, timeout: .seconds(2))
            }
            return status.granted > .zero ? status.granted : Self.forgotten
        } catch {
            // What was heard of it last will do while the source is silent.
            guard let life = state.withLock({ $0.atSource[id] }) else { throw error }
            return life
        }
    }

    private func timesToLive(of ids: [Int64], in cluster: EtcdEndpoints) async throws(EtcdError) -> [Int64: Duration] {
        try await LeaseSurvey.read(ids, in: cluster, includesKeys: false, concurrency: Self.concurrency)
            .mapValues(\.granted)
    }

    private func pause(_ duration: Duration) async throws(EtcdError) {
        do {
            try await Task.sleep(for: duration)
        } catch {
            throw EtcdError(
                .cancelled, "the replay was given up", endpoint: ClusterHead.name(destination), wasSent: .no)
        }
    }
}
