import Synchronization
import TestSupport
import Testing
import Transport

@testable import Etcd

@Suite(.timeLimit(.minutes(5)))
struct EtcdEndpointsTests {
    @Test("A member that cannot be reached is passed over, and not asked first again")
    func failover() async throws {
        try await withRealEtcd { etcd in
            let dead = EtcdClient(
                engine: sharedEngine, endpoint: try Endpoint(url: "http://127.0.0.1:\(try FreePort.next())"))
            let endpoints = EtcdEndpoints(dead, [try etcd.client()])
            // Even a write, since it certainly never left.
            let response = try await endpoints.perform { (client) throws(EtcdError) in try await client.put("k", "v") }
            #expect(response.header.revision == 2)
            #expect(endpoints.preferred.endpoint != dead.endpoint)
            try await endpoints.perform { (client) throws(EtcdError) in
                #expect(client.endpoint != dead.endpoint)
                try await client.put("k", "v")
            }
        }
    }

    @Test(
        "A request that may have taken effect is not sent to the next member",
        arguments: [
            (EtcdError(.unavailable, "reset", endpoint: "", wasSent: .unknown), 1),
            (EtcdError(.unavailable, "reset", endpoint: "", wasSent: .unknown, isIdempotent: true), 3),
            (EtcdError(.unavailable, "refused", endpoint: "", wasSent: .no), 3),
            (EtcdError(.compacted, "gone", endpoint: "", isIdempotent: true), 1),
            (EtcdError(.learner, "no", endpoint: ""), 3),
            (EtcdError(.noLeader, "no", endpoint: ""), 3),
        ] as [(EtcdError, Int)])
    func attempts(_ error: EtcdError, _ expected: Int) async throws {
        let clients = try (1...3).map {
            EtcdClient(engine: sharedEngine, endpoint: try Endpoint(url: "http://127.0.0.\($0):1"))
        }
        let endpoints = EtcdEndpoints(clients[0], Array(clients.dropFirst()))
        let asked = Counter()
        let thrown = await #expect(throws: EtcdError.self) {
            try await endpoints.perform { (client) throws(EtcdError) in
                asked.add(client.endpoint)
                throw error
            }
        }
        #expect(thrown == error)
        #expect(asked.endpoints == clients.prefix(expected).map(\.endpoint))
    }

    private final class Counter: Sendable {
        private let state = Mutex<[Endpoint]>([])
        var endpoints: [Endpoint] { state.withLock { $0 } }
        func add(_ endpoint: Endpoint) { state.withLock { $0.append(endpoint) } }
    }
}
