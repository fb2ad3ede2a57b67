import Etcd
import TestSupport

/// Random writes with everything etcd can do to keys and leases, and what the source itself says after each.
struct LeasedWorkload {
    /// What the source held at a revision, by its own words.
    struct Moment: CustomStringConvertible {
        var revision: Int64
        var hash: KeyspaceHash
        /// All leases with their times to live in seconds, where nothing happened until all of it was in the log.
        var leases: [Int64: Int64]?
        var isStill: Bool { leases != nil }
        var description: String {
            "revision \(revision), compacted at \(hash.compactRevision)\(isStill ? ", standing still" : "")"
        }
    }

    private struct Grant {
        var id: Int64
        var seconds: Int64
        /// The revision of the source at that time.
        var revision: Int64
    }

    private(set) var moments: [Moment] = []
    private var grants: [Grant] = []
    /// Leases that were not ended by the workload itself.
    private var alive: Set<Int64> = []
    private var compacted: Int64 = 0
    private let client: EtcdClient

    init(_ client: EtcdClient) {
        self.client = client
    }

    /// Does one thing, and asks what there is now.
    mutating func act(_ random: inout SeededRandom) async throws {
        let value = [UInt8](repeating: 120, count: Int.random(in: 0..<300, using: &random))
        let number = Int.random(in: 0..<200, using: &random)
        switch Int.random(in: 0..<14, using: &random) {
        case 0..<3: try await client.put(key(number), value)
        case 3: try await client.delete(.key(key(number)))
        case 4: try await client.delete(.range(key(number), before: key(min(number + 20, 199))))
        case 5..<8: try await transaction(value, &random)
        case 8..<10: try await grant(seconds: Int64.random(in: 300...900, using: &random), number, &random)
        // Ends by itself, and its keys with it.
        case 10: try await grant(seconds: 1, number, &random)
        case 11..<13:
            guard let id = alive.sorted().randomElement(using: &random) else { break }
            try await client.leaseRevoke(id)
            alive.remove(id)
            // Sometimes the same ID is granted again at once, with another time to live.
            if Bool.random(using: &random) {
                try await grant(id, seconds: Int64.random(in: 1000...2000, using: &random), number, &random)
            }
        default:
            // What is compacted before the log has begun is lost to it.
            guard moments.contains(where: \.isStill), let last = moments.last?.revision, last - 3 > compacted else {
                break
            }
            compacted = Int64.random(in: max(compacted + 1, last - 40)...last - 3, using: &random)
            try await client.compact(at: compacted)
        }
        try await look()
    }

    /// Waits until short leases have ended and the log knows everything, and remembers the leases there are.
    mutating func stand(still wait: (Int64) async throws -> Void) async throws {
        let short = Set(grants.filter { $0.id > 5000 }.map(\.id)).subtracting(alive)
        try await eventually("short leases have ended", timeout: .seconds(30)) {
            try await short.isDisjoint(with: client.leases())
        }
        var leases: [Int64: Int64] = [:]
        for id in try await client.leases() {
            leases[id] = try await client.leaseTimeToLive(id).granted.components.seconds
        }
        // What was learned of leases is stored with the next change, so it takes two.
        for _ in 0..<2 { try await wait(try await client.put("still", "x").header.revision) }
        try await look()
        moments[moments.count - 1].leases = leases
        // What happens to leases from here on happens at another revision.
        try await client.put("still", "over")
    }

    /// The times to live that a lease may be known by: of its latest grant, of those about that time, and of the one
    /// before, as whether an ID was granted anew is learned by asking now and then.
    func timesToLive(of id: Int64, around moment: Moment) -> Set<Int64> {
        let (start, end) = neighbours(of: moment)
        let before = grants.filter { $0.id == id && $0.revision <= moment.revision }
        let near = grants.filter { $0.id == id && $0.revision >= start && $0.revision <= end }
        let earlier = before.filter { $0.revision < start }
        var known = Set((near + before.suffix(1) + earlier.suffix(1)).map(\.seconds))
        // Nobody has seen a lease that came and went between two questions; it gets time enough to be found again.
        let next = moments.first { $0.isStill && $0.revision >= moment.revision }
        if next?.leases?[id] == nil || near.count > 1 { known.insert(3600) }
        return known
    }

    /// The leases that may have been there: those of the last time the source stood still, and those granted since.
    func possible(at moment: Moment) -> Set<Int64> {
        let still = moments.last { $0.isStill && $0.revision < moment.revision }
        let since = grants.filter { $0.revision >= still?.revision ?? 0 && $0.revision <= moment.revision }
        return Set(still?.leases?.keys.map { $0 } ?? []).union(since.map(\.id))
    }

    private func neighbours(of moment: Moment) -> (Int64, Int64) {
        let start = moments.last { $0.isStill && $0.revision <= moment.revision }?.revision ?? 0
        let end = moments.first { $0.isStill && $0.revision >= moment.revision }?.revision ?? .max
        return (start, end)
    }

    private mutating func grant(
        _ given: Int64? = nil, seconds: Int64, _ number: Int, _ random: inout SeededRandom
    ) async throws {
        // Few IDs of long leases, so that they come again and again.
        let ids = (1001...1012).filter { !alive.contains($0) }
        let id = given ?? (seconds == 1 ? Int64(5001 + grants.count) : ids.randomElement(using: &random))
        guard let id else { return }
        let granted = try await client.leaseGrant(timeToLive: .seconds(seconds), id: id)
        // etcd makes no lease shorter than one and a half election timeouts.
        grants.append(
            Grant(id: id, seconds: granted.timeToLive.components.seconds, revision: granted.header.revision))
        if seconds > 1 { alive.insert(id) }
        for offset in 0..<Int.random(in: 0..<4, using: &random) {
            try await client.put(key((number + offset) % 200), [1], lease: .id(id))
        }
    }

    /// Up to 128 operations, as many as etcd takes.
    private func transaction(_ value: [UInt8], _ random: inout SeededRandom) async throws {
        let count = Int.random(in: 1...128, using: &random)
        var operations: [Transaction.Operation] = []
        for number in (0..<200).shuffled(using: &random).prefix(count) {
            if Int.random(in: 0..<4, using: &random) == 0 {
                operations.append(.deleteRange(DeleteRangeRequest(.key(key(number)))))
            } else {
                operations.append(.put(PutRequest(key(number), value)))
            }
        }
        try await client.commit(Transaction(then: operations))
    }

    /// Asks for the hash of the newest revision.
    private mutating func look() async throws {
        let answer = try await client.hashKV()
        let revision = answer.header.revision
        if moments.last?.revision == revision, moments.last?.isStill == false { moments.removeLast() }
        guard moments.last?.revision != revision else { return }
        moments.append(Moment(revision: revision, hash: KeyspaceHash(answer, at: revision)))
    }

    private func key(_ number: Int) -> [UInt8] {
        let text = String(number)
        return Array("/registry/pods/pod-\(String(repeating: "0", count: 3 - text.count))\(text)".utf8)
    }
}
