import Glibc
import TestSupport
import Testing
import Transport

@testable import Etcd

/// Databases rebuilt for a revision, held against what the server itself answered at that revision.
@Suite(.timeLimit(.minutes(10)))
struct DatabaseReplayTests {
    @Test(
        "At any revision before and after the snapshot the HashKV is the one the source had",
        arguments: RealEtcd.availableVersions)
    func anyRevision(version: RealEtcd.Version) async throws {
        try await withRealEtcd(version: version) { etcd in
            let source = try await Source.record(from: etcd, seed: 11)
            let base = try DatabaseFile(path: source.snapshot)
            var random = SeededRandom(seed: 4)
            let revisions = (0..<20).map { _ in Int64.random(in: 2...source.last, using: &random) }
            for revision in revisions + [source.base, source.base + 1, source.last] {
                let path = "\(etcd.scratchDirectory)/at-\(revision)-\(random.next()).db"
                var replay = try DatabaseReplay(of: base, at: revision, to: path)
                for change in source.changes { try replay.add(change) }
                let sha256 = try replay.finish()
                let file = try DatabaseFile(path: path)
                #expect(try file.verifyTrailer() == sha256)
                let summary = try file.summary()
                #expect(summary.revision == revision)
                #expect(summary.hash.hash == source.hashes[revision], "at revision \(revision)")
                unlink(path)
            }
        }
    }

    @Test(
        "A member starts from a rebuilt database, with its keys, users and leases, also some revisions ahead",
        arguments: RealEtcd.availableVersions, [0, 1_000_000] as [Int64])
    func restored(version: RealEtcd.Version, bump: Int64) async throws {
        try await withRealEtcd(version: version) { etcd in
            try await etcd.etcdctl("user", "add", "root:secret")
            let source = try await Source.record(from: etcd, seed: 12)
            let revision = (source.base + source.last) / 2
            let path = "\(etcd.scratchDirectory)/rebuilt.db"
            var replay = try DatabaseReplay(
                of: try DatabaseFile(path: source.snapshot), at: revision, to: path, bumpedBy: bump)
            for change in source.changes { try replay.add(change) }
            _ = try replay.finish(leases: source.leases(at: revision))
            let offline = try DatabaseFile(path: path).summary(
                tombstones: TombstoneRule(etcdVersion: version == .v3_4 ? "3.4.23" : "3.5.1"))
            #expect(
                offline.revision == revision + bump && offline.compactRevision == (bump > 0 ? revision + bump : nil))

            let member = etcd.members[0]
            try await etcd.stop(0)
            rename(member.dataDirectory, "\(member.dataDirectory)-old")
            let tools = try #require(version.directory)
            let restored = try await ChildProcess.run(
                "\(tools)/etcdctl",
                [
                    "snapshot", "restore", path, "--data-dir", member.dataDirectory, "--name", member.name,
                    "--initial-cluster", "\(member.name)=\(member.peerURL)", "--initial-advertise-peer-urls",
                    member.peerURL,
                ],
                environment: [
                    "ETCDCTL_API": "3", "ETCDCTL_COMMAND_TIMEOUT": "20s", "ETCDCTL_DIAL_TIMEOUT": "20s",
                    "PATH": "/usr/bin:/bin",
                ])
            try #require(restored.status == 0, "\(restored.errors)")
            try await etcd.restart(0)
            let client = try etcd.client()
            if bump > 0 {
                // What it counts on from must survive a life in which nothing was written.
                try await etcd.stop(0)
                try await etcd.restart(0)
                let old = await #expect(throws: EtcdError.self) { _ = try await client.count(.all, revision: revision) }
                #expect(old?.code == .compacted)
            }
            let hash = try await client.hashKV(revision: revision + bump)
            #expect(hash.hash == (bump > 0 ? offline.hash.hash : source.hashes[revision]))
            #expect(hash.header.revision == revision + bump)
            #expect(try await client.count(.all) == offline.liveKeys)
            #expect(try await etcd.etcdctl("user", "list").contains("root"))
            for (id, keys) in source.keysByLease(at: revision) {
                let lease = try await client.leaseTimeToLive(id, includesKeys: true)
                #expect(lease.exists && Set(lease.keys) == keys, "lease \(id)")
                #expect(lease.granted == .seconds(source.timesToLive[id] ?? 0))
            }
            #expect(try await Set(client.leases()) == source.leases(at: revision).granted)
            // It is a database like any other: it takes writes and can be defragmented.
            try await client.put("after", "the restore")
            try await client.defragment()
            #expect(try await client.get("after")?.modRevision == revision + bump + 1)
        }
    }

    @Test("A gap in the log, a revision not reached and one compacted away are refused")
    func refused() async throws {
        try await withRealEtcd { etcd in
            let source = try await Source.record(from: etcd, seed: 13, rounds: 20)
            let base = try DatabaseFile(path: source.snapshot)
            let path = "\(etcd.scratchDirectory)/refused.db"
            var gap = try DatabaseReplay(of: base, at: source.last, to: path)
            let error = #expect(throws: DatabaseError.self) {
                for change in source.changes where change.revision != source.base + 2 { try gap.add(change) }
            }
            #expect(error?.code == .revisionInFuture)
            unlink(path)
            let short = try DatabaseReplay(of: base, at: source.last, to: path)
            #expect(throws: DatabaseError.self) { _ = try short.finish() }
            unlink(path)
            let client = try etcd.client()
            try await client.compact(at: source.base)
            try await etcd.etcdctl("snapshot", "save", "\(path)-compacted")
            let compacted = try DatabaseFile(path: "\(path)-compacted")
            let early = #expect(throws: DatabaseError.self) {
                _ = try DatabaseReplay(of: compacted, at: source.base - 1, to: path)
            }
            #expect(early?.code == .revisionCompacted)
            unlink(path)
            let same = try DatabaseReplay(of: compacted, at: source.last, to: path)
            _ = try same.finish()
            #expect(try DatabaseFile(path: path).summary().hash == compacted.summary().hash)
        }
    }

    @Test("A tree of any shape is read back as it was written", arguments: [0, 1, 2, 30, 5000, 20_000])
    func shapes(count: Int) async throws {
        try await withTemporaryDirectory { directory in
            var random = SeededRandom(seed: UInt64(count))
            let entries = (0..<count).map { number in
                let size = number % 97 == 0 ? Int.random(in: 4000...20_000, using: &random) : number % 300
                return (RecordRevision(main: Int64(number) + 1, sub: 0).bytes, [UInt8](repeating: 7, count: size))
            }
            let output = try PageOutput(path: "\(directory)/db")
            var bucket = BucketWriter(output)
            for (key, value) in entries { try bucket.add(key, value) }
            let root = try bucket.finish()
            var list = BucketWriter(output)
            let pointer = withUnsafeBytes(of: root.littleEndian) { Array($0) } + [UInt8](repeating: 0, count: 8)
            try list.add(Array("things".utf8), pointer, isBucket: true)
            _ = try output.finish(root: try list.finish())
            let file = try DatabaseFile(path: "\(directory)/db")
            var tree = BucketTree(reader: file.makeReader())
            let buckets = try tree.buckets(in: .tree(file.meta.root))
            var read = 0
            try tree.walk(try #require(buckets["things"])) { (_, entry) throws(DatabaseError) in
                #expect(entry.key.elementsEqual(entries[read].0) && entry.value.elementsEqual(entries[read].1))
                read += 1
            }
            #expect(read == count)
        }
    }
}

/// Everything that happened on a source, with a snapshot from its middle and its own HashKV at every revision.
private struct Source {
    var snapshot = ""
    var base: Int64 = 0
    var last: Int64 = 0
    var changes: [RevisionChange] = []
    var hashes: [Int64: UInt32] = [:]
    var timesToLive: [Int64: Int64] = [:]
    var granted: [(id: Int64, at: Int64)] = []
    var ended: [(id: Int64, at: Int64)] = []

    /// What is known of leases at a revision.
    func leases(at revision: Int64) -> ReplayedLeases {
        ReplayedLeases(
            timesToLive: timesToLive,
            granted: Set(granted.filter { $0.at <= revision }.map(\.id)).subtracting(ended(at: revision)),
            ended: ended(at: revision))
    }

    private func ended(at revision: Int64) -> Set<Int64> {
        var ended = Set(self.ended.filter { $0.at <= revision }.map(\.id))
        // A lease of the snapshot that was granted later than the revision is none yet.
        ended.formUnion(granted.filter { $0.at > revision }.map(\.id))
        return ended
    }

    func keysByLease(at revision: Int64) -> [Int64: Set<[UInt8]>] {
        var lease: [[UInt8]: Int64] = [:]
        for change in changes where change.revision <= revision {
            for event in change.events {
                lease[event.keyValue.key] = event.kind == .put ? event.keyValue.lease : nil
            }
        }
        return Dictionary(grouping: lease.filter { $0.value != 0 }, by: \.value).mapValues { Set($0.map(\.key)) }
    }

    static func record(from etcd: RealEtcd, seed: UInt64, rounds: Int = 120) async throws -> Source {
        let client = try etcd.client()
        return try await client.withWatchStream { stream in
            let watch = stream.watch(.all, from: 2)
            var source = Source()
            var random = SeededRandom(seed: seed)
            for round in 0..<rounds {
                try await source.act(on: client, &random)
                let hash = try await client.hashKV()
                source.hashes[hash.header.revision] = hash.hash
                source.last = hash.header.revision
                if round == rounds / 2 {
                    source.snapshot = "\(etcd.scratchDirectory)/base-\(seed).db"
                    try await etcd.etcdctl("snapshot", "save", source.snapshot)
                    source.base = try DatabaseFile(path: source.snapshot).summary().revision
                }
            }
            var reached: Int64 = 1
            while reached < source.last {
                for event in try await watch.next().events {
                    let revision = event.keyValue.modRevision
                    if source.changes.last?.revision == revision {
                        source.changes[source.changes.count - 1].events.append(event)
                    } else {
                        source.changes.append(RevisionChange(revision: revision, events: [event]))
                    }
                    reached = revision
                }
            }
            // Each round made at most one revision known by its hash; ask for the others while nothing is compacted.
            for revision in 2...source.last where source.hashes[revision] == nil {
                source.hashes[revision] = try await client.hashKV(revision: revision).hash
            }
            return source
        }
    }

    private mutating func act(on client: EtcdClient, _ random: inout SeededRandom) async throws {
        let key = { (number: Int) in bytes("/registry/pods/pod-\(number)") }
        let number = Int.random(in: 0..<40, using: &random)
        let value = [UInt8](repeating: 120, count: Int.random(in: 0..<2000, using: &random))
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<4: try await client.put(key(number), value)
        case 4: try await client.delete(.key(key(number)))
        case 5: try await client.delete(.range(key(1), before: key(3)))
        case 6:
            // Written and deleted in one revision, as only nested transactions can.
            let put = Transaction(then: [.put(PutRequest(key(number), value))])
            let delete = Transaction(then: [.deleteRange(DeleteRangeRequest(.key(key(number))))])
            try await client.commit(Transaction(then: [.transaction(put), .transaction(delete)]))
        case 7:
            let puts = (0..<30).map { Transaction.Operation.put(PutRequest(key($0), value)) }
            try await client.commit(Transaction(then: puts))
        case 8:
            let seconds = Int64.random(in: 300...900, using: &random)
            let grant = try await client.leaseGrant(timeToLive: .seconds(seconds))
            timesToLive[grant.id] = seconds
            granted.append((grant.id, grant.header.revision))
            for offset in 0..<3 { try await client.put(key(number + offset), value, lease: .id(grant.id)) }
        default:
            guard let id = granted.map(\.id).randomElement(using: &random) else { return }
            guard !ended.contains(where: { $0.id == id }) else { return }
            try await client.leaseRevoke(id)
            ended.append((id, try await client.hashKV().header.revision))
        }
    }
}
