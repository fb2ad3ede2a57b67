import Model
import TestSupport
import Testing

@testable import Archive

/// Who may write and remove where.
@Suite(.timeLimit(.minutes(10)))
struct BackupClaimTests {
    @Test("A foreign cluster under the same name and token neither writes nor removes anything")
    func foreign() async throws {
        try await withArchive { setting in
            let first = try await setting.pipeline.run(setting.id, from: origin, pieces(of: setting.snapshot.bytes))
            let before = tree(setting.root)
            var stranger = origin
            stranger.clusterID = 0xBAD
            let other = BackupID(cluster: orders, name: "b2")
            let refused = await #expect(throws: ArchiveError.self) {
                try await setting.pipeline.run(other, from: stranger, pieces(of: setting.snapshot.bytes))
            }
            #expect(refused?.code == .fenced && refused?.isRetryable == false)
            #expect(refused?.description.contains("cdf818a4") == true)
            let policy = RetentionPolicy(keepLast: 1)
            for body: () async throws -> Void in [
                { _ = try await setting.archive.prune(orders, of: "bad", keeping: policy) },
                { try await setting.archive.delete(setting.id, of: "bad") },
                { try await setting.archive.requireOwnership(of: orders, by: "bad") },
            ] {
                let error = await #expect(throws: ArchiveError.self) { try await body() }
                #expect(error?.code == .fenced)
            }
            #expect(tree(setting.root) == before)
            #expect(try await setting.archive.backups(of: orders).backups == [first])
            _ = try await setting.pipeline.run(other, from: origin, pieces(of: setting.snapshot.bytes))
        }
    }

    @Test("A cluster made again has a place of its own, in which the old one's backups are out of reach")
    func madeAgain() async throws {
        try await withArchive { setting in
            _ = try await setting.pipeline.run(setting.id, from: origin, pieces(of: setting.snapshot.bytes))
            let again = ClusterIncarnation(namespace: "default", name: "orders", incarnation: "second")
            var newer = origin
            newer.clusterID = 0x5EC0
            for name in ["b1", "b2"] {
                _ = try await setting.pipeline.run(
                    BackupID(cluster: again, name: name), from: newer, pieces(of: setting.snapshot.bytes))
            }
            let plan = try await setting.archive.prune(again, of: "5ec0", keeping: RetentionPolicy(keepLast: 1))
            #expect(plan.removed.map(\.name) == ["b1"])
            #expect(try await setting.archive.verify(setting.id).name == "b1")
        }
    }

    @Test("The place is claimed with the first backup and given up with the last")
    func lifetime() async throws {
        try await withArchive { setting in
            let claim = "\(setting.root)/default/orders/8e9e05c5/owner.json"
            _ = try await setting.pipeline.run(setting.id, from: origin, pieces(of: setting.snapshot.bytes))
            let document = try Value(json: try readFile(claim))
            #expect(document[path: "cluster", "id"] == "cdf818a4")
            #expect(document["writer"] == "lodestone test")
            _ = try await setting.archive.removeLeftovers(of: orders)
            #expect(try Value(json: try readFile(claim)) == document)
            try await setting.archive.delete(setting.id, of: "cdf818a4")
            #expect(tree(setting.root).isEmpty)
        }
    }

    @Test("A claim that cannot be read protects what it stands for")
    func unreadable() async throws {
        try await withArchive { setting in
            _ = try await setting.pipeline.run(setting.id, from: origin, pieces(of: setting.snapshot.bytes))
            try writeFile(Array("{".utf8), to: "\(setting.root)/default/orders/8e9e05c5/owner.json")
            let error = await #expect(throws: ArchiveError.self) {
                try await setting.archive.delete(setting.id, of: "cdf818a4")
            }
            #expect(error?.code == .fenced)
        }
    }

    @Test("Of two clusters that claim a place at the same time one gets it")
    func race() async throws {
        let storage = try MemoryStorage()
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for id in ["aa", "bb"] {
                group.addTask {
                    do {
                        try await BackupClaim.take(id, of: orders, in: storage, writer: "test")
                        return true
                    } catch {
                        return false
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.filter { $0 }.count == 1)
    }
}
