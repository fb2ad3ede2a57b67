import Crypto
import Glibc
import Model
import TestSupport
import Testing

@testable import Archive

@Suite(.timeLimit(.minutes(10)))
struct BackupArchiveTests {
    @Test("Each life of a cluster has a place of its own, and neighbours do not mix")
    func incarnations() async throws {
        try await withArchive { setting in
            let places = [
                ("orders", "one", "b1"), ("orders", "two", "b1"), ("orders", "two", "b2"), ("orders2", "one", "b1"),
            ]
            for (name, incarnation, backup) in places {
                let cluster = ClusterIncarnation(namespace: "default", name: name, incarnation: incarnation)
                _ = try await setting.pipeline.run(
                    BackupID(cluster: cluster, name: backup), from: origin, pieces(of: setting.snapshot.bytes))
            }
            let two = ClusterIncarnation(namespace: "default", name: "orders", incarnation: "two")
            #expect(try await setting.archive.backups(of: two).backups.map(\.name) == ["b2", "b1"])
            let all = try await setting.archive.backups(namespace: "default", cluster: "orders")
            #expect(all.backups.map(\.cluster.incarnation) == ["two", "two", "one"])

            let plan = try await setting.archive.prune(two, of: clusterID, keeping: RetentionPolicy(keepLast: 0))
            #expect(plan.removed.map(\.name) == ["b1"])
            #expect(tree("\(setting.root)/default").filter { !$0.hasSuffix("owner.json") }.count == 6)
        }
    }

    @Test("100 damaged backups, 100 refusals")
    func damaged() async throws {
        try await withArchive { setting in
            let bytes = setting.snapshot.bytes
            _ = try await setting.pipeline.run(setting.id, from: origin, pieces(of: bytes))
            let path = "\(setting.home)/snapshot.db"
            for number in 0..<100 {
                var damaged = bytes
                switch number % 4 {
                case 0, 1: damaged[Int.random(in: damaged.indices)] ^= 1 << UInt8.random(in: 0..<8)
                case 2: damaged.removeLast(Int.random(in: 1..<damaged.count))
                default:
                    // Zeroing a page that holds nothing is no damage; its checksum field is never zero.
                    damaged.replaceSubrange(4096..<8192, with: [UInt8](repeating: 0, count: 4096))
                }
                try writeFile(damaged, to: path)
                let error = await #expect(throws: ArchiveError.self) { try await setting.archive.verify(setting.id) }
                #expect(error?.code == .contradiction, "\(String(describing: error))")
            }
            try writeFile(bytes, to: path)
            try await setting.archive.verify(setting.id)
        }
    }

    @Test("A sound snapshot swapped for another is refused by its digest and by each figure")
    func swapped() async throws {
        try await withArchive { setting in
            _ = try await setting.pipeline.run(setting.id, from: origin, pieces(of: setting.snapshot.bytes))
            let path = "\(setting.home)/manifest.json"
            let original = try Value(json: try readFile(path))
            for field in ["revision", "liveKeys", "records", "leases", "hashKV", "compactRevision"] {
                var changed = original
                var content = try #require(changed["content"])
                content[field] = .integer((content[field]?.integer ?? 0) + 1)
                changed["content"] = content
                try writeFile(changed.jsonBytes, to: path)
                let error = await #expect(throws: ArchiveError.self) { try await setting.archive.verify(setting.id) }
                #expect(error?.code == .contradiction)
                #expect(error?.description.contains(field) == true)
            }
        }
    }

    @Test("A storage without local files is fetched to be proven, and nothing of it stays")
    func fetched() async throws {
        let snapshot = try await SnapshotFixture.shared.snapshot()
        let storage = try MemoryStorage()
        let id = BackupID(cluster: orders, name: "b1")
        try await withTemporaryDirectory { scratch in
            let archive = BackupArchive(storage: storage, scratch: scratch)
            _ = try await BackupPipeline(storage: storage, writer: "test").run(
                id, from: origin, pieces(of: snapshot.bytes))
            try await archive.verify(id)
            #expect(directoryEntries(scratch).isEmpty)
            var damaged = snapshot.bytes
            damaged[5000] ^= 1
            storage.plant(damaged, at: try id.key(of: "snapshot.db"))
            await #expect(throws: ArchiveError.self) { try await archive.verify(id) }
            #expect(directoryEntries(scratch).isEmpty)
        }
    }

    @Test("What is no whole backup is named and not counted")
    func unreadable() async throws {
        let snapshot = try await SnapshotFixture.shared.snapshot()
        let storage = try MemoryStorage()
        let archive = BackupArchive(storage: storage)
        let pipeline = BackupPipeline(storage: storage, writer: "test")
        func id(_ name: String) -> BackupID { BackupID(cluster: orders, name: name) }
        for name in ["good", "dataless", "short", "newer", "foreign", "broken"] {
            _ = try await pipeline.run(id(name), from: origin, pieces(of: snapshot.bytes))
        }
        let good = try await archive.manifest(of: id("good"))
        try await storage.delete(try id("dataless").key(of: "snapshot.db"))
        storage.plant([1], at: try id("short").key(of: "snapshot.db"))
        var newer = good.encoded
        newer["formatVersion"] = 3
        storage.plant(newer.jsonBytes, at: try id("newer").key(of: "manifest.json"))
        storage.plant(good.bytes, at: try id("foreign").key(of: "manifest.json"))
        storage.plant(Array("{".utf8), at: try id("broken").key(of: "manifest.json"))
        storage.plant([1], at: try id("unfinished").key(of: "snapshot.db"))
        storage.plant([1], at: try orders.key().appending("stray"))

        let listing = try await archive.backups(of: orders)
        #expect(listing.backups.map(\.name) == ["good"])
        #expect(listing.unreadable.count == 5)
        let sentences = listing.unreadable.map(\.description).sorted()
        for name in ["broken", "dataless", "foreign", "newer", "short"] {
            #expect(sentences.contains { $0.contains("backup \(name) of default/orders") }, "\(sentences)")
        }
        let plan = try await archive.prune(orders, of: clusterID, keeping: RetentionPolicy(keepLast: 1))
        #expect(plan.removed.isEmpty)
        #expect(try await storage.list(below: try orders.key()).count == 14)
        let missing = await #expect(throws: ArchiveError.self) { try await archive.manifest(of: id("unfinished")) }
        #expect(missing?.code == .notFound)
    }

    @Test("A deletion takes the manifest first, so that nothing is ever listed without its data")
    func deletion() async throws {
        let snapshot = try await SnapshotFixture.shared.snapshot()
        let storage = try MemoryStorage()
        let archive = BackupArchive(storage: storage)
        let id = BackupID(cluster: orders, name: "b1")
        _ = try await BackupPipeline(storage: storage, writer: "test").run(id, from: origin, pieces(of: snapshot.bytes))
        try await archive.delete(id)
        #expect(
            storage.operations == [
                "publish 8e9e05c5/owner.json", "publish b1/snapshot.db", "publish b1/manifest.json",
                "delete b1/manifest.json", "delete b1/snapshot.db", "delete 8e9e05c5/owner.json",
            ])
        let error = await #expect(throws: ArchiveError.self) { try await archive.delete(id) }
        #expect(error?.code == .notFound)
    }

    @Test("The rest of an interrupted deletion goes once it is old, a backup being made stays")
    func leftovers() async throws {
        let storage = try MemoryStorage()
        let archive = BackupArchive(storage: storage)
        func key(_ backup: String, _ name: String) throws -> ObjectKey {
            try orders.key().appending(backup).appending(name)
        }
        storage.plant([1], at: try key("deleted", "snapshot.db"), age: .seconds(7200))
        storage.plant([1], at: try key("young", "snapshot.db"), age: .seconds(60))
        storage.plant([1], at: try key("whole", "snapshot.db"), age: .seconds(7200))
        storage.plant([1], at: try key("whole", "manifest.json"), age: .seconds(7200))
        #expect(try await archive.removeLeftovers(of: orders) == 1)
        #expect(storage.operations == ["delete deleted/snapshot.db"])
    }

    @Test("The manifest is readable JSON and survives being written and read")
    func manifest() async throws {
        var manifest = BackupManifest()
        manifest.name = "b1"
        manifest.cluster.namespace = "default"
        manifest.cluster.name = "orders"
        manifest.cluster.incarnation = "8e9e05c5"
        manifest.content.revision = 9_007_199_254_740_993
        manifest.content.hashKV = Int64(UInt32.max)
        manifest.file.size = 413_589_536
        manifest.file.sha256 = "aa"
        manifest.stored.sha256 = "bb"
        manifest.started = try #require(Timestamp("2026-11-21T08:00:00.250Z"))
        manifest.finished = try #require(Timestamp("2026-11-21T08:00:04Z"))
        #expect(try BackupManifest(bytes: manifest.bytes, subject: "b1") == manifest)
        let text = String(decoding: manifest.bytes, as: UTF8.self)
        #expect(text.contains(#""started": "2026-11-21T08:00:00.250Z""#))
        #expect(text.contains(#""revision": 9007199254740993"#))
        #expect(text.hasSuffix("}\n"))

        var document = manifest.encoded
        document["content"] = nil
        document["shoeSize"] = 43
        let error = #expect(throws: ArchiveError.self) {
            try BackupManifest(bytes: document.jsonBytes, subject: "backup b1")
        }
        #expect(error?.code == .invalidManifest)
        #expect(error?.description.contains("content") == true && error?.description.contains("shoeSize") == true)
    }
}
