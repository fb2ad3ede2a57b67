import Crypto
import Etcd
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct MaintenanceTests {
    @Test("A member tells its state, its hash and its number of keys", arguments: RealEtcd.availableVersions)
    func state(_ version: RealEtcd.Version) async throws {
        try await withRealEtcd(version: version) { etcd in
            let client = try etcd.client()
            for index in 0..<100 { try await client.put("k\(index)", "v") }
            for index in 0..<30 { try await client.delete(.key("k\(index)")) }
            let status = try await client.status()
            #expect(status.version == (version == .v3_4 ? "3.4.23" : "3.5.1"))
            #expect(status.isLeader)
            #expect(!status.isLearner)
            #expect(status.databaseSize >= status.databaseSizeInUse)
            #expect(status.databaseSizeInUse > 0)
            #expect(status.raftAppliedIndex == status.raftIndex)
            #expect(status.raftTerm == status.header.raftTerm)
            #expect(status.errors.isEmpty)
            #expect(try await client.keysTotal() == 70)
            #expect(try await client.count(.all) == 70)

            let revision = status.header.revision
            let hash = try await client.hashKV()
            #expect(hash.compactRevision == -1)
            #expect(try await client.hashKV(revision: revision).hash == hash.hash)
            #expect(try await client.hashKV(revision: revision - 1).hash != hash.hash)
            #expect(await code { try await client.hashKV(revision: revision + 1) } == .futureRevision)
            try await client.compact(at: revision - 5, isPhysical: true)
            #expect(await code { try await client.hashKV(revision: revision - 10) } == .compacted)
            #expect(try await client.hashKV(revision: revision).compactRevision == revision - 5)
            let before = try await client.hashKV(revision: revision).hash
            try await client.defragment()
            #expect(try await client.hashKV(revision: revision).hash == before)
            #expect(try await client.keysTotal() == 70)
            // A member that has compacted all there is still hashes it, asked for it by its revision.
            try await client.compact(at: revision, isPhysical: true)
            #expect(try await client.hashKV(revision: revision).compactRevision == revision)
        }
    }

    @Test("Alarms are raised, seen and cleared, and a full database refuses writes")
    func alarms() async throws {
        try await withRealEtcd { etcd in
            let client = try etcd.client()
            #expect(try await client.alarms().isEmpty)
            let member = try await client.status().header.memberID
            let alarm = EtcdAlarm(memberID: member, kind: .noSpace)
            #expect(try await client.activateAlarm(alarm) == [alarm])
            #expect(try await client.alarms() == [alarm])
            #expect(try await client.status().errors.count == 1)
            let error = await #expect(throws: EtcdError.self) { try await client.put("k", "v") }
            #expect(error?.code == .noSpace)
            #expect(error?.isRetryable == false)
            #expect(error?.description.contains("defragment") == true)
            #expect(try await client.deactivateAlarm(alarm) == [alarm])
            try await client.put("k", "v")
            let corrupt = EtcdAlarm(memberID: member, kind: .corrupt)
            try await client.activateAlarm(corrupt)
            #expect(await code { try await client.put("k", "v") } == .corrupt)
        }
    }

    @Test("A snapshot arrives complete, with the digest of what came before", arguments: RealEtcd.availableVersions)
    func snapshot(_ version: RealEtcd.Version) async throws {
        try await withRealEtcd(version: version) { etcd in
            let client = try etcd.client()
            try await EtcdEndpoints(client).bulkWrite { writer in
                let value = [UInt8](repeating: 7, count: 2_000)
                for index in 0..<1_000 { try await writer.put(bytes("k\(index)"), value) }
            }
            var file: [UInt8] = []
            var remaining: [UInt64] = []
            for try await chunk in try await client.snapshot() {
                chunk.withBytes { file.append(contentsOf: $0) }
                remaining.append(chunk.remainingBytes)
            }
            #expect(remaining.last == 0)
            #expect(remaining == remaining.sorted(by: >))
            #expect(file.count % 512 == 32)
            let body = Array(file.dropLast(32))
            #expect(SHA256.hash(body) == Array(file.suffix(32)))
        }
    }

    @Test("A snapshot that the member cuts off is an error, not an end")
    func brokenSnapshot() async throws {
        try await withRealEtcd { etcd in
            let client = try etcd.client()
            try await EtcdEndpoints(client).bulkWrite { writer in
                let value = [UInt8](repeating: 7, count: 100_000)
                for index in 0..<300 { try await writer.put(bytes("k\(index)"), value) }
            }
            let error = await #expect(throws: EtcdError.self) {
                var isFirst = true
                for try await _ in try await client.snapshot() {
                    // The reader has taken one piece of 30 MB when the member goes.
                    if isFirst { try await etcd.kill(0) }
                    isFirst = false
                }
            }
            #expect(error?.isRetryable == true)
        }
    }

    @Test("The leader gives leadership to another member, and nobody else can")
    func leadership() async throws {
        try await withRealEtcd(members: 3) { etcd in
            let clients = try (0..<3).map { try etcd.client($0) }
            var leader = clients[0]
            for client in clients where try await client.status().isLeader { leader = client }
            let others = clients.filter { $0.endpoint != leader.endpoint }
            let target = try await others[0].status().header.memberID
            #expect(await code { try await others[1].moveLeader(to: target) } == .notLeader)
            #expect(await code { try await leader.moveLeader(to: 42) } == .badLeaderTransferee)
            try await leader.moveLeader(to: target)
            try await eventually("the other member leads") { try await others[1].status().leader == target }
        }
    }
}
