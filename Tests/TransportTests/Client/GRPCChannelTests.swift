import TestSupport
import Testing
import Transport

/// Unary calls against a real etcd.
@Suite(.timeLimit(.minutes(5)))
struct GRPCChannelTests {
    @Test("Values that are put are read back, over few connections")
    func putAndRange() async throws {
        try await withRealEtcd { etcd in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let channel = GRPCChannel(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
            for index in 0..<200 {
                _ = try await channel.call(
                    EtcdWire.put, EtcdWire.putRequest("key\(index % 10)", [UInt8(index % 256)]))
            }
            let answer = try await channel.call(EtcdWire.range, EtcdWire.rangeRequest("key", end: "kez"))
            let pairs = EtcdWire.keyValues(answer)
            #expect(pairs.map(\.key) == (0..<10).map { "key\($0)" })
            #expect(pairs.allSatisfy { $0.version == 20 })
            #expect(engine.statistics.connectionsOpened == 1)
            #expect(engine.statistics.answersWithoutStatus == 0)
        }
    }

    @Test("Channels to one endpoint share connections, which close when the last channel is gone")
    func sharing() async throws {
        try await withRealEtcd { etcd in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let other = GRPCChannel(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
            for _ in 0..<10 {
                let endpoint = try Endpoint(url: "http://localhost:\(etcd.members[0].clientPort)")
                let first = GRPCChannel(engine: engine, endpoint: endpoint)
                let second = GRPCChannel(engine: engine, endpoint: endpoint)
                _ = try await first.call(EtcdWire.range, EtcdWire.rangeRequest("k"))
                _ = try await second.call(EtcdWire.range, EtcdWire.rangeRequest("k"))
                _ = try await other.call(EtcdWire.range, EtcdWire.rangeRequest("k"))
            }
            #expect(engine.statistics.connectionsOpened <= 11)
            // libcurl looks for dead connections when a call begins, at most once a second.
            try await eventually("only the connection of the channel that is left stands") {
                _ = try await other.call(EtcdWire.range, EtcdWire.rangeRequest("k"))
                return engine.statistics.openConnections == 1
            }
        }
    }

    @Test("Absurd time limits are limits like others", arguments: [Duration.seconds(Int64.max), .seconds(-5)])
    func absurdLimits(limit: Duration) async throws {
        try await withRealEtcd { etcd in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let channel = GRPCChannel(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
            let options = CallOptions(timeout: limit, idleTimeout: limit)
            let error = await channel.attempt(EtcdWire.range, EtcdWire.rangeRequest("k"), options: options).failure
            #expect(error?.code == (limit < .zero ? .deadlineExceeded : nil))
            let stream = channel.open(EtcdWire.watch, options: options)
            stream.send(EtcdWire.watchRequest(from: "k"))
            if limit < .zero {
                await #expect(throws: GRPCError.self) { try await stream.next() }
            } else {
                #expect(try await stream.next() != nil)
            }
        }
    }
}
