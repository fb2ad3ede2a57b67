import TestSupport
import Testing
import Transport

/// Unary calls against a real etcd.
@Suite(.timeLimit(.minutes(1)))
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
}
