import TestSupport
import Testing
import Transport

/// What happens to a request whose connection is reset: libcurl by itself would send it again, and a transaction would
/// be applied twice.
@Suite(.timeLimit(.minutes(5)))
struct DoubleApplyTests {
    /// Runs `body` with a channel through a proxy to a real etcd, and one that reaches it directly.
    private func withProxiedEtcd(
        tls: Bool = false,
        _ body: (_ proxied: GRPCChannel, _ direct: GRPCChannel, FaultProxy, HTTPEngine) async throws -> Void
    ) async throws {
        let fixture = tls ? try TLSFixture() : nil
        try await withRealEtcd(tls: fixture?.server) { etcd in
            try await FaultProxy.with(to: etcd.members[0].clientPort) { proxy in
                let engine = HTTPEngine()
                defer { engine.shutdown() }
                let scheme = tls ? "https" : "http"
                let proxied = try Endpoint(url: "\(scheme)://127.0.0.1:\(proxy.port)", tls: fixture?.client)
                let direct = try Endpoint(url: etcd.endpoints[0], tls: fixture?.client)
                try await body(
                    GRPCChannel(engine: engine, endpoint: proxied), GRPCChannel(engine: engine, endpoint: direct),
                    proxy, engine)
            }
        }
    }

    private func version(of key: String, _ channel: GRPCChannel) async throws -> UInt64 {
        let answer = try await channel.call(EtcdWire.range, EtcdWire.rangeRequest(key))
        return EtcdWire.keyValues(answer).first?.version ?? 0
    }

    @Test(
        "A put whose connection is reset before the answer is applied once, and its fate is called unknown",
        arguments: [false, true])
    func resetAfterApply(tls: Bool) async throws {
        try await withProxiedEtcd(tls: tls) { proxied, direct, proxy, _ in
            for round in UInt64(1)...5 {
                _ = try await proxied.call(EtcdWire.put, EtcdWire.putRequest("k", [1]))
                proxy.set(.holdAnswers)
                async let second = proxied.attempt(EtcdWire.put, EtcdWire.putRequest("k", [2]))
                try await eventually("etcd has applied the put") { try await version(of: "k", direct) == 2 * round }
                try await proxy.resetConnections()
                let error = try #require(await second.failure, "The put succeeded although its answer was lost.")
                #expect(error.code == .unavailable)
                #expect(error.wasSent == .unknown)
                #expect(error.isTransport)
                #expect(!error.isRetryable)
                #expect(error.description.contains("may have taken effect"))
                #expect(try await version(of: "k", direct) == 2 * round)
            }
        }
    }

    @Test("A put whose connection is reset before it reaches the server is not sent again either")
    func resetBeforeApply() async throws {
        try await withProxiedEtcd { proxied, direct, proxy, _ in
            _ = try await proxied.call(EtcdWire.put, EtcdWire.putRequest("k", [1]))
            proxy.set(.holdRequests)
            async let second = proxied.attempt(EtcdWire.put, EtcdWire.putRequest("k", [2]))
            try await eventually("the proxy has swallowed the put") { proxy.swallowed > 50 }
            try await proxy.resetConnections()
            #expect(await second.failure?.wasSent == .unknown)
            #expect(try await version(of: "k", direct) == 1)
        }
    }

    @Test("A read whose connection is reset is sent again, once, on a new connection")
    func idempotentIsRepeated() async throws {
        try await withProxiedEtcd { proxied, _, proxy, engine in
            _ = try await proxied.call(EtcdWire.put, EtcdWire.putRequest("k", [1]))
            proxy.set(.holdAnswers)
            let before = proxy.swallowed
            async let read = proxied.unary(
                EtcdWire.range, EtcdWire.rangeRequest("k"),
                options: CallOptions(timeout: .seconds(30), isIdempotent: true))
            try await eventually("the answer is swallowed") { proxy.swallowed > before + 50 }
            try await proxy.resetConnections()
            #expect(EtcdWire.keyValues(try await read).first?.version == 1)
            #expect(engine.statistics.repeats == 1)
        }
    }

    @Test(
        "A put after all idle connections were reset goes over a new connection, exactly once",
        arguments: [false, true])
    func resetWhileIdle(tls: Bool) async throws {
        try await withProxiedEtcd(tls: tls) { proxied, direct, proxy, _ in
            for round in UInt64(1)...10 {
                _ = try await proxied.call(EtcdWire.put, EtcdWire.putRequest("k", [1]))
                try await proxy.resetConnections()
                #expect(try await version(of: "k", direct) == round)
            }
            #expect(proxy.accepted == 10)
        }
    }
}
