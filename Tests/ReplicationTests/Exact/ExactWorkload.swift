import Etcd
import Synchronization
import TestSupport

/// Random writes with everything that etcd can do to keys and leases.
struct ExactWorkload: Sendable {
    let cluster: EtcdEndpoints
    /// Whether leases end by themselves, which goes on after the last write unless the source is frozen.
    ///
    /// Not where the destination is without us, or without its leader, for as long as they live: they end there too.
    var hasShortLeases = true
    /// How many keys a range holds that is deleted at once.
    var mass = 1500

    /// How many revisions a compaction leaves, nil for no compactions: one of what is not recorded yet ends a
    /// replication, and rightly.
    var kept: Int64? = 300

    /// Writes with several writers until `actions` are done.
    func run(_ actions: Int, writers: Int = 3, seed: UInt64) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<writers {
                group.addTask {
                    var random = SeededRandom(seed: seed &+ UInt64(writer))
                    var leases: [Int64] = []
                    for _ in 0..<(actions / writers) {
                        // What a member that is killed takes with it is not missed: the source says what happened.
                        do {
                            try await act(&random, &leases, writer)
                        } catch let error as EtcdError where error.code != .cancelled {
                            try await Task.sleep(for: .milliseconds(20))
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Writes until the task is cancelled.
    func runOn(seed: UInt64) async throws {
        while true {
            try Task.checkCancellation()
            try await run(30, seed: seed &+ UInt64.random(in: 0...1000))
        }
    }

    private func act(_ random: inout SeededRandom, _ leases: inout [Int64], _ writer: Int) async throws {
        let client = cluster.clients[Int.random(in: 0..<cluster.clients.count, using: &random)]
        let key = Array("/pods/pod-\(Int.random(in: 0..<300, using: &random))".utf8)
        let value = [UInt8](repeating: 120, count: Int.random(in: 0..<600, using: &random))
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<45: try await client.put(key, value)
        case 45..<55: try await client.deleteRange(DeleteRangeRequest(.key(key)))
        case 55..<70: try await transaction(client, value, &random)
        case 70..<75:
            let name = Array("/once/\(Int.random(in: 0..<5, using: &random))".utf8)
            try await client.commit(
                Transaction(then: [
                    .transaction(Transaction(then: [.put(PutRequest(name, value))])),
                    .transaction(Transaction(then: [.deleteRange(DeleteRangeRequest(.key(name)))])),
                ]))
        case 75..<80: try await client.put(Array("/flicker/\(writer)".utf8), value)
        case 80..<85: try await client.deleteRange(DeleteRangeRequest(.key("/flicker/\(writer)")))
        case 85..<93: try await lease(client, key, value, &random, &leases)
        case 93..<96:
            if let id = leases.popLast() { try await client.leaseRevoke(id) }
        case 96: try await massDeletion(client, writer)
        case 97: try await client.put(Array("/large".utf8), [UInt8](repeating: 1, count: 900_000))
        case 98:
            let head = try await ClusterHeadOfTest.read(client)
            if let kept, head > kept + 100 { try await client.compact(at: head - kept) }
        default: try await client.deleteRange(DeleteRangeRequest(.prefix("/pods/pod-1")))
        }
    }

    private func transaction(_ client: EtcdClient, _ value: [UInt8], _ random: inout SeededRandom) async throws {
        let count = Int.random(in: 1...128, using: &random)
        var operations: [Transaction.Operation] = []
        for number in (0..<300).shuffled(using: &random).prefix(count) {
            let key = Array("/pods/pod-\(number)".utf8)
            operations.append(
                Int.random(in: 0..<4, using: &random) == 0
                    ? .deleteRange(DeleteRangeRequest(.key(key))) : .put(PutRequest(key, value)))
        }
        try await client.commit(Transaction(then: operations))
    }

    private func lease(
        _ client: EtcdClient, _ key: [UInt8], _ value: [UInt8], _ random: inout SeededRandom, _ leases: inout [Int64]
    ) async throws {
        let isShort = hasShortLeases && Bool.random(using: &random)
        let grant = try await client.leaseGrant(timeToLive: .seconds(isShort ? 5 : 300))
        // Some have no keys at all.
        for number in 0..<Int.random(in: 0...3, using: &random) {
            try await client.put(key + [UInt8(number)], value, lease: .id(grant.id))
        }
        if !isShort { leases.append(grant.id) }
    }

    private func massDeletion(_ client: EtcdClient, _ writer: Int) async throws {
        let prefix = "/mass-\(writer)/"
        for start in stride(from: 0, to: mass, by: 128) {
            let puts = (start..<min(start + 128, mass)).map {
                Transaction.Operation.put(PutRequest("\(prefix)\($0)", "x"))
            }
            try await client.commit(Transaction(then: puts))
        }
        try await client.deleteRange(DeleteRangeRequest(.prefix(prefix)))
    }
}

private enum ClusterHeadOfTest {
    static func read(_ client: EtcdClient) async throws -> Int64 {
        try await client.range(RangeRequest(.key([0]), content: .countOnly)).header.revision
    }
}
