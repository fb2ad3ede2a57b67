import Archive
import Etcd
import TestSupport
import Testing
import Transport

/// Backups of real members through our own client.
@Suite(.timeLimit(.minutes(10)))
struct LiveBackupTests {
    @Test(
        "A backup taken while others write is confirmed by the member's own hash and proven from the storage",
        arguments: RealEtcd.availableVersions)
    func underWrites(version: RealEtcd.Version) async throws {
        try await withMember(version: version) { client, storage, _ in
            for number in 0..<200 { _ = try await client.put("/registry/pods/pod-\(number)", "value \(number)") }
            let lease = try await client.leaseGrant(timeToLive: .seconds(3600))
            _ = try await client.put("/registry/leased", "value", lease: .id(lease.id))
            _ = try await client.compact(at: 100)

            let status = try await client.status()
            let origin = BackupPipeline.Origin(
                clusterID: status.header.clusterID, memberName: "m0", memberID: status.header.memberID,
                endpoint: client.endpoint.url, etcdVersion: status.version)
            let pipeline = BackupPipeline(storage: storage, writer: "lodestone test")
            let archive = BackupArchive(storage: storage)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    var number = 0
                    while !Task.isCancelled {
                        _ = try await client.put("/registry/events/e\(number % 50)", "write \(number)")
                        number += 1
                    }
                }
                for round in 0..<5 {
                    let id = BackupID(cluster: orders, name: "b\(round)")
                    let manifest = try await untilDone {
                        try await pipeline.run(
                            id, from: origin, try await client.snapshot(),
                            liveHash: { KeyspaceHash(try await client.hashKV(revision: $0), at: $0) })
                    }
                    #expect(manifest.content.hashConfirmed)
                    #expect(manifest.content.liveKeys > 200)
                    #expect(manifest.content.leases == 1)
                    #expect(manifest.content.compactRevision == 100)
                    #expect(manifest.content.revision > status.header.revision || round == 0)
                    #expect(try await archive.verify(id) == manifest)
                }
                group.cancelAll()
                while let result = await group.nextResult() {
                    if case .failure(let error) = result, !(error is CancellationError), !(error is EtcdError) {
                        throw error
                    }
                }
            }
            let plan = try await archive.prune(
                orders, of: String(status.header.clusterID, radix: 16), keeping: RetentionPolicy(keepLast: 2))
            #expect(plan.removed.map(\.name) == ["b0", "b1", "b2"])
            #expect(try await archive.backups(of: orders).backups.map(\.name) == ["b4", "b3"])
        }
    }

    @Test(
        "A member that dies or freezes in the middle of its snapshot leaves nothing behind", arguments: [true, false])
    func interrupted(isKilled: Bool) async throws {
        try await withMember { client, storage, etcd in
            let value = String(repeating: "x", count: 1 << 20)
            for number in 0..<48 { _ = try await client.put("key-\(number)", value) }
            let disturbance = Disturbance()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await eventually("bytes arrive", timeout: .seconds(30)) { disturbance.isDue }
                    if isKilled { try await etcd.kill(0) } else { etcd.pause(0) }
                    disturbance.letGo()
                }
                var pipeline = BackupPipeline(storage: storage, writer: "lodestone test")
                pipeline.patience = .seconds(1)
                let stream = try await client.snapshot()
                await #expect(throws: (any Error).self) {
                    try await pipeline.run(
                        BackupID(cluster: orders, name: "b1"), from: origin, stream,
                        progress: { _ in disturbance.wait() })
                }
                try await group.waitForAll()
            }
            etcd.resume(0)
            #expect(tree(storage.path).isEmpty)
        }
    }

    /// Repeats an attempt that failed in a way that may well pass, as whoever asks for backups has to.
    private func untilDone(_ attempt: () async throws -> BackupManifest) async throws -> BackupManifest {
        for _ in 0..<5 {
            do {
                return try await attempt()
            } catch let error as EtcdError where error.isRetryable {
                continue
            } catch let error as ArchiveError where error.isRetryable {
                continue
            }
        }
        return try await attempt()
    }

    private func withMember(
        version: RealEtcd.Version = .v3_4, _ body: (EtcdClient, DirectoryStorage, RealEtcd) async throws -> Void
    ) async throws {
        try await withRealEtcd(version: version) { etcd in
            let engine = HTTPEngine()
            let client = EtcdClient(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
            let storage = try DirectoryStorage(path: "\(etcd.scratchDirectory)/backups")
            try await body(client, storage, etcd)
            engine.shutdown()
        }
    }
}
