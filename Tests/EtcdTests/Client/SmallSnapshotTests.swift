import Etcd
import TestSupport
import Testing
import Transport

/// Snapshots that arrive in one go: their end comes while libcurl still sees to the request.
@Suite(.timeLimit(.minutes(10)))
struct SmallSnapshotTests {
    @Test("200 small snapshots, and not one is cut off", arguments: RealEtcd.availableVersions)
    func whole(version: RealEtcd.Version) async throws {
        try await withRealEtcd(version: version) { etcd in
            let engine = HTTPEngine()
            let client = EtcdClient(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
            for number in 0..<200 { _ = try await client.put("/registry/pods/pod-\(number)", "value \(number)") }
            for _ in 0..<200 {
                var byteCount = 0
                for try await piece in try await client.snapshot() { byteCount += piece.byteCount }
                #expect(byteCount % 512 == 32)
            }
            engine.shutdown()
        }
    }
}
