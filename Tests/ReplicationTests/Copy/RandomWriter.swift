import Etcd
import TestSupport

/// Writes to a source everything that a copy must carry over: puts, transactions, deletions of one key and of
/// thousands, leases granted, revoked and running out, keys created again, compactions.
struct RandomWriter {
    let client: EtcdClient
    let prefix: String
    var random: SeededRandom
    private var leases: [Int64] = []
    private var bulk = 0

    init(_ client: EtcdClient, prefix: String = "/load/", seed: UInt64) {
        self.client = client
        self.prefix = prefix
        random = SeededRandom(seed: seed)
    }

    /// Does so many random things.
    mutating func run(steps: Int, compacts: Bool = false) async throws {
        for _ in 0..<steps {
            try Task.checkCancellation()
            try await step(compacts: compacts)
        }
    }

    private mutating func step(compacts: Bool) async throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<55: try await client.put(key(), value())
        case 55..<70: try await transaction()
        case 70..<82: try await client.deleteRange(DeleteRangeRequest(.key(key())))
        case 82..<88: try await leased()
        case 88..<91: try await revoke()
        case 91..<93: try await many()
        case 93..<94: try await client.deleteRange(DeleteRangeRequest(.prefix("\(prefix)bulk/")))
        case 94..<95: try await client.deleteRange(DeleteRangeRequest(.prefix("\(prefix)k/1")))
        case 95..<96 where compacts: try await compact()
        default: try await client.put(key(), [])
        }
    }

    private mutating func key() -> [UInt8] {
        [UInt8]("\(prefix)k/\(Int.random(in: 0..<400, using: &random))".utf8)
    }

    private mutating func value() -> [UInt8] {
        let size = Int.random(in: 0..<100, using: &random) == 0 ? 200_000 : Int.random(in: 1..<300, using: &random)
        return [UInt8](repeating: UInt8.random(in: 0...255, using: &random), count: size)
    }

    private mutating func transaction() async throws {
        var keys: Set<[UInt8]> = []
        for _ in 0..<Int.random(in: 1...60, using: &random) { keys.insert(key()) }
        var operations: [Transaction.Operation] = []
        for key in keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let isDeletion = Int.random(in: 0..<4, using: &random) == 0
            operations.append(
                isDeletion
                    ? .deleteRange(DeleteRangeRequest(.key(key)))
                    : .put(PutRequest(key, value().prefix(300).map { $0 })))
        }
        try await client.commit(Transaction(then: operations))
    }

    private mutating func leased() async throws {
        let grant = try await client.leaseGrant(timeToLive: .seconds(Int.random(in: 2...90, using: &random)))
        leases.append(grant.id)
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            try await client.put(PutRequest(key(), value(), lease: .id(grant.id)))
        }
    }

    private mutating func revoke() async throws {
        guard !leases.isEmpty else { return }
        let id = leases.remove(at: Int.random(in: 0..<leases.count, using: &random))
        do {
            try await client.leaseRevoke(id)
        } catch {
            guard error.code == .leaseNotFound else { throw error }
        }
    }

    /// Thousands of keys that one deletion takes away.
    private mutating func many() async throws {
        for _ in 0..<10 {
            bulk += 100
            let operations = (bulk..<bulk + 100).map { index in
                Transaction.Operation.put(PutRequest("\(prefix)bulk/\(index)", "\(index)"))
            }
            try await client.commit(Transaction(then: operations))
        }
    }

    private func compact() async throws {
        let revision =
            try await client.get("nothing-is-here") == nil
            ? try await client.range(RangeRequest(.key("nothing-is-here"))).header.revision : 1
        do {
            try await client.compact(at: revision)
        } catch {
            guard error.code == .compacted else { throw error }
        }
    }
}
