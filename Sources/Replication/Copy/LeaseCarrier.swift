internal import Etcd
import Synchronization

/// Brings leases to the destination and keeps them alive there as long as they live at the source.
///
/// A lease keeps its ID if nobody has it at the destination, and otherwise gets another one. For each there is a key at
/// the destination that is attached to it (`CopyState.lease`): it says which leases are ours, to the next process and to
/// a comparison, and it ends with the lease.
///
/// A lease that has ended at the source is only renewed no more. Its keys were deleted there, so what the destination
/// deletes when it ends there as well is right or will be put right by changes that are still to be applied.
final class LeaseCarrier: Sendable {
    /// What is known of a carried lease.
    struct Lease: Sendable, Hashable {
        /// Its ID at the destination.
        var target: Int64
        /// How long it lives from a renewal.
        var timeToLive: Duration
        /// When it is to be renewed.
        var renewal: ContinuousClock.Instant
        /// When it ends at the destination if it is not renewed.
        var expiry: ContinuousClock.Instant
        /// Whether it has ended at the source.
        var isEnding = false
    }

    /// How long a lease lives that has ended at the source before its time to live could be asked for.
    static let fallback = Duration.seconds(60)

    private let source: CopySource
    private let destination: CopyDestination
    /// Whether leases without keys are brought too: not if only some keys are selected.
    private let bringsAll: Bool
    private let leases = Mutex<[Int64: Lease]>([:])
    /// Leases of the source that were renewed no more for so long that they have ended at the destination.
    private let ended = Mutex<Set<Int64>>([])

    init(from source: CopySource, to destination: CopyDestination, bringsAll: Bool) {
        self.source = source
        self.destination = destination
        self.bringsAll = bringsAll
    }

    /// Takes over what earlier processes have brought.
    func load() async throws(ReplicationError) {
        let markers = try await destination.perform { [state = destination.state] (client) throws(EtcdError) in
            try await client.range(RangeRequest(.prefix(state.leases))).keyValues
        }
        let now = ContinuousClock.now
        var found: [Int64: Lease] = [:]
        for marker in markers where marker.lease != 0 {
            guard let id = destination.state.lease(of: marker.key), let seconds = Int64(marker.valueText) else {
                continue
            }
            // When it was renewed last is not known, so it is renewed at once.
            found[id] = Lease(
                target: marker.lease, timeToLive: .seconds(seconds), renewal: now, expiry: now + .seconds(seconds))
        }
        leases.withLock { [found] in $0 = found }
    }

    /// Whether a lease ended at the destination while nobody renewed it, and lives at the source: one that is not
    /// there although keys are attached to it that were applied up to `revision`.
    ///
    /// Where that would take long to find out, the answer is yes.
    func hasLost(_ selection: KeySelection, upTo revision: Int64) async throws(ReplicationError) -> Bool {
        let alive = try await source.leases()
        let absent = leases.withLock { known in alive.filter { known[$0] == nil } }
        guard absent.count <= 500 else { return true }
        for id in absent {
            let keys = try await source.perform { (client) throws(EtcdError) in
                try await client.leaseTimeToLive(id, includesKeys: true)
            }.keys.filter { selection.target(of: $0) != nil }
            guard keys.count <= 100 else { return true }
            for key in keys {
                let found = try await source.perform { (client) throws(EtcdError) in try await client.get(key) }
                if let found, found.modRevision <= revision { return true }
            }
        }
        return false
    }

    /// Brings those of the leases that are not there yet; returns their IDs at the destination.
    func bring(_ ids: Set<Int64>) async throws -> [Int64: Int64] {
        let ids = ids.filter { $0 != 0 }
        guard !ids.isEmpty else { return [:] }
        let missing = leases.withLock { known in ids.filter { known[$0] == nil } }
        if !missing.isEmpty { try await bringMissing(missing) }
        return leases.withLock { known in
            Dictionary(uniqueKeysWithValues: ids.compactMap { id in known[id].map { (id, $0.target) } })
        }
    }

    private func bringMissing(_ missing: Set<Int64>) async throws {
        try await withThrowingTaskGroup(of: (Int64, Lease).self) { group in
            var waiting = missing.sorted()[...]
            for _ in 0..<8 { if let id = waiting.popFirst() { group.addTask { (id, try await self.carry(id)) } } }
            while let (id, lease) = try await group.next() {
                leases.withLock { $0[id] = lease }
                if let id = waiting.popFirst() { group.addTask { (id, try await self.carry(id)) } }
            }
        }
    }

    /// Makes those leases of the destination again that are not there, after a write was refused for lack of one.
    ///
    /// - Throws: `CopyInterruption.leasesLost` if one of them still lives at the source: keys may have ended with it.
    func restore(_ targets: Set<Int64>) async throws {
        let alive = Set(try await source.leases())
        for (id, lease) in leases.withLock({ $0 }) where targets.contains(lease.target) {
            let status = try await destination.perform { (client) throws(EtcdError) in
                try await client.leaseTimeToLive(lease.target)
            }
            guard !status.exists else { continue }
            if alive.contains(id) {
                leases.withLock { $0[id] = nil }
                throw CopyInterruption.leasesLost
            }
            _ = try await grant(lease.target, lease.timeToLive)
            try await mark(id, lease.target, lease.timeToLive)
            leases.withLock { $0[id]?.expiry = .now + lease.timeToLive }
        }
    }

    /// Renews leases until it is cancelled.
    ///
    /// - Throws: `CopyInterruption.leasesLost` if one has ended at the destination that still lives at the source.
    func keep() async throws {
        var nextLook = ContinuousClock.now
        while true {
            if ContinuousClock.now >= nextLook {
                nextLook = .now + .seconds(2)
                do {
                    try await look()
                } catch let error as ReplicationError where error.code == .unavailable {
                    // Nobody to ask: what is known stays true until somebody answers.
                    nextLook = .now + .milliseconds(500)
                }
            }
            try await renew()
            try await Task.sleep(for: .milliseconds(300))
        }
    }

    /// Learns which leases there are at the source.
    private func look() async throws {
        guard bringsAll || leases.withLock({ !$0.isEmpty }) else { return }
        let alive = Set(try await source.leases())
        // A member that lagged far behind may have left out one that lives.
        if ended.withLock({ !$0.isDisjoint(with: alive) }) { throw CopyInterruption.leasesLost }
        let now = ContinuousClock.now
        let over = leases.withLock { leases in
            for id in leases.keys { leases[id]?.isEnding = !alive.contains(id) }
            let over = leases.filter { $0.value.isEnding && $0.value.expiry + .seconds(10) < now }
            for id in over.keys { leases[id] = nil }
            return over.keys
        }
        ended.withLock { $0.formUnion(over) }
        if bringsAll { _ = try await bring(alive) }
    }

    private func renew() async throws {
        let now = ContinuousClock.now
        let due = leases.withLock { $0.filter { !$0.value.isEnding && $0.value.renewal <= now } }
        for part in due.sorted(by: { $0.key < $1.key }).chunks(of: 500) {
            let ids = part.map(\.value.target)
            // Without an answer the next turn tries again; whether that was too late is seen by the answer then.
            let shortest = part.map(\.value.timeToLive).min() ?? Self.fallback
            guard let lives = try await renewals(of: ids, silence: min(shortest / 4, .seconds(8))) else { return }
            var lost: [Int64] = []
            leases.withLock { leases in
                for (id, lease) in part {
                    guard let left = lives[lease.target] else {
                        lost.append(id)
                        continue
                    }
                    leases[id]?.expiry = now + left
                    leases[id]?.renewal = now + min(left, lease.timeToLive) / 3
                }
            }
            guard !lost.isEmpty else { continue }
            let alive = Set(try await source.leases())
            leases.withLock { leases in for id in lost { leases[id] = nil } }
            if lost.contains(where: alive.contains) { throw CopyInterruption.leasesLost }
        }
    }

    /// Renews leases of the destination; those that have ended are missing, and nil says that it does not answer.
    ///
    /// A member that is silent for longer than `silence` is given up, and the next one is asked.
    private func renewals(of ids: [Int64], silence: Duration) async throws -> [Int64: Duration]? {
        do {
            return try await destination.endpoints.perform(rounds: destination.rounds) { (client) throws(EtcdError) in
                try await client.leaseKeepAliveOnce(each: ids, silence: silence)
            }
        } catch {
            let failure = ReplicationError(error, CopyDestination.subject)
            guard failure.code == .unavailable else { throw failure }
            return nil
        }
    }

    /// Makes one lease at the destination, under its own ID if that is free.
    private func carry(_ id: Int64) async throws -> Lease {
        let status = try await source.perform { (client) throws(EtcdError) in try await client.leaseTimeToLive(id) }
        let timeToLive = status.granted > .zero ? status.granted : Self.fallback
        let isFree = try await grant(id, timeToLive)
        var target = id
        if !isFree, !(try await isOurs(id)) {
            // Or the other task that brings leases has been quicker, and keys are attached already.
            if let known = leases.withLock({ $0[id] }) { return known }
            target = try await destination.perform { (client) throws(EtcdError) in
                try await client.leaseGrant(timeToLive: timeToLive).id
            }
        }
        try await mark(id, target, timeToLive)
        let now = ContinuousClock.now
        return Lease(
            target: target, timeToLive: timeToLive, renewal: isFree ? now + timeToLive / 3 : now,
            expiry: now + timeToLive)
    }

    /// Whether a lease that exists is one that a process of ours made before it was killed: nothing is attached to it
    /// but our own key.
    private func isOurs(_ id: Int64) async throws(ReplicationError) -> Bool {
        let keys = try await destination.perform { (client) throws(EtcdError) in
            try await client.leaseTimeToLive(id, includesKeys: true)
        }.keys
        return keys.allSatisfy { $0 == destination.state.lease(id) }
    }

    /// Makes a lease; false if its ID is taken.
    private func grant(_ id: Int64, _ timeToLive: Duration) async throws(ReplicationError) -> Bool {
        do {
            try await destination.endpoints.perform(rounds: destination.rounds) { (client) throws(EtcdError) in
                _ = try await client.leaseGrant(timeToLive: timeToLive, id: id)
            }
            return true
        } catch {
            if error.code == .leaseExists { return false }
            throw ReplicationError(doubtful: error, CopyDestination.subject)
        }
    }

    private func mark(_ id: Int64, _ target: Int64, _ timeToLive: Duration) async throws(ReplicationError) {
        let request = PutRequest(
            destination.state.lease(id), Array("\(timeToLive.components.seconds)".utf8), lease: .id(target))
        try await destination.perform { (client) throws(EtcdError) in
            _ = try await client.put(request, isIdempotent: true)
        }
    }
}

extension Array {
    /// The array cut into pieces of at most that many elements.
    fileprivate func chunks(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
