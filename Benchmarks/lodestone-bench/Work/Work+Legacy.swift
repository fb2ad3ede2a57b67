import Etcd
import Replication
import Transport

extension Work {
    /// Brings a v2 store into the keys of another cluster and ends when it would go on following; with a key, once that
    /// has come.
    static func legacy(_ source: String, _ target: String, until key: String?) async throws {
        try await withClient(target) { target in
            let engine = HTTPEngine(name: "bench-v2")
            defer { engine.shutdown() }
            let replication = LegacyReplication(
                name: "bench", source: LegacyClient(engine: engine, try Endpoint(url: source)),
                destination: EtcdEndpoints(target))
            try await withThrowingTaskGroup(of: Void.self) { group in
                let (phases, reporter) = AsyncStream.makeStream(of: LegacyProgress.Phase.self)
                group.addTask { try await replication.run { reporter.yield($0.phase) } }
                group.addTask {
                    for await phase in phases where phase == .tail {
                        guard let key else { return }
                        if try await target.get(key) != nil { return }
                    }
                }
                try await group.next()
                group.cancelAll()
            }
        }
    }
}
