import Etcd
import Replication

extension Work {
    /// Copies every key of one cluster into another and ends when it would go on following.
    static func copy(_ source: String, _ target: String) async throws {
        try await withClient(source) { source in
            try await withClient(target) { target in
                let copy = CopyReplication(
                    source: EtcdEndpoints(source), destination: EtcdEndpoints(target), name: "bench")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    let (phases, reporter) = AsyncStream.makeStream(of: CopyProgress.Phase.self)
                    group.addTask { try await copy.run { reporter.yield($0.phase) } }
                    group.addTask {
                        for await phase in phases where phase == .tail { return }
                    }
                    try await group.next()
                    group.cancelAll()
                }
            }
        }
    }

    /// Compares every key of two clusters.
    static func compare(_ source: String, _ target: String, keys: Int) async throws {
        try await withClient(source) { source in
            try await withClient(target) { target in
                let result = try await KeyspaceComparison(
                    source: EtcdEndpoints(source), destination: EtcdEndpoints(target), name: nil
                ).run()
                guard result.isEqual, result.sourceKeys == keys else {
                    throw BenchError("\(result.sourceKeys) keys and \(result.differenceCount) differences were found")
                }
            }
        }
    }
}
