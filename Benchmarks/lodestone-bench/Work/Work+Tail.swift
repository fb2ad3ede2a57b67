import Etcd
import Glibc
import Replication
import TestSupport

extension Work {
    /// Writes so many revisions as a busy cluster would: 85 of 100 put one key, 10 delete one, 5 put five at once.
    static func tail(_ url: String, revisions: Int, keys: Int, seed: Int) async throws {
        try await withClient(url) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                let writers = 8
                for writer in 0..<writers {
                    group.addTask {
                        var random = SeededRandom(seed: UInt64(seed * writers + writer))
                        for _ in 0..<(revisions / writers) { try await write(client, keys, &random) }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    /// Brings a destination to a revision of its source by what a spool holds, and ends.
    static func replay(_ source: String, _ destination: String, spool: String, through: Int) async throws {
        try await withClient(source) { from in
            try await withClient(destination) { to in
                let done = Wakeup()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    defer { group.cancelAll() }
                    group.addTask {
                        let replication = ExactReplication(
                            source: EtcdEndpoints(from), destination: EtcdEndpoints(to),
                            spool: try RevisionSpool(directory: spool))
                        try await replication.run { progress in
                            if progress.applied >= Int64(through) {
                                BenchOptions.print("repeats \(progress.repeats)")
                                done.wake()
                            }
                        }
                    }
                    group.addTask { await done.wait() }
                    try await group.next()
                }
            }
        }
    }

    private static func write(_ client: EtcdClient, _ keys: Int, _ random: inout SeededRandom) async throws {
        let value = [UInt8](repeating: 97, count: 300)
        func key(_ random: inout SeededRandom) -> [UInt8] {
            Array("/registry/pods/ns-\(Int.random(in: 0..<keys, using: &random))".utf8)
        }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<85: try await client.put(key(&random), value)
        case 85..<95:
            // A deletion of nothing makes no revision; whatever takes its place counts as one.
            let name = key(&random)
            if try await client.deleteRange(DeleteRangeRequest(.key(name))).deleted == 0 {
                try await client.put(name, value)
            }
        default:
            let names = Set((0..<5).map { _ in key(&random) })
            try await client.commit(Transaction(then: names.map { .put(PutRequest($0, value)) }))
        }
    }
}
