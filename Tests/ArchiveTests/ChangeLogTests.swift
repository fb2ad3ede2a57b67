import Crypto
import Etcd
import Glibc
import Model
import Synchronization
import TestSupport
import Testing
import Transport

@testable import Archive

/// The change log of a real cluster, from the watch to a database of any moment.
@Suite(.timeLimit(.minutes(10)))
struct ChangeLogTests {
    static let key = SealingKey(id: "k1", bytes: [UInt8](repeating: 9, count: SealingKey.byteCount))
    static let forms = [StoredForm(), StoredForm(compression: .zstd), StoredForm(compression: .zstd, key: key)]

    @Test(
        "From one backup and the log any of 20 revisions comes back, however often the recorder was ended",
        arguments: forms)
    func anyRevision(form: StoredForm) async throws {
        try await withLogSource(form: form) { source in
            var hashes: [Int64: UInt32] = [:]
            var after = source.base
            for _ in 0..<5 {
                // Ended in the midst of writes each time, as by a controller that is killed.
                try await withThrowingTaskGroup(of: Void.self) { group in
                    let recorder = source.recorder(interval: .milliseconds(30))
                    let start = after
                    group.addTask { try await recorder.run(after: start) { _ in } }
                    for _ in 0..<20 { try await source.act() }
                    group.cancelAll()
                }
                after = LogSegmentName.reach(try await source.log.segments(), from: source.base)
            }
            let last = try await source.client.hashKV().header.revision
            for revision in source.base...last {
                hashes[revision] = try await source.client.hashKV(revision: revision).hash
            }
            try await source.record(after: after, through: last)

            let snapshot = try DatabaseFile(path: source.snapshot)
            for revision in (0..<20).map({ _ in Int64.random(in: source.base...last) }) + [last] {
                let path = "\(source.directory)/at-\(revision)-\(UInt64.random(in: 0 ... .max)).db"
                let point: PointInTime = revision == last ? .latest : .revision(revision)
                #expect(try await source.log.rebuild(point, from: snapshot, to: path) == revision)
                #expect(try DatabaseFile(path: path).summary().hash.hash == hashes[revision], "revision \(revision)")
                unlink(path)
            }
            let error = await #expect(throws: ArchiveError.self) {
                try await source.log.rebuild(.revision(last + 1), from: snapshot, to: "\(source.directory)/none.db")
            }
            #expect(error?.code == .incomplete)
            if form.key != nil {
                let error = await #expect(throws: ArchiveError.self) {
                    let log = ChangeLog(of: orders, in: try DirectoryStorage(path: source.backups))
                    _ = try await log.rebuild(.latest, from: snapshot, to: "\(source.directory)/none.db")
                }
                #expect(error?.code == .keyMissing)
            }
            #expect(access("\(source.directory)/none.db", F_OK) != 0)
            // Other backups, and what old segments are needed for, are told apart by revision.
            #expect(try await source.archive.removeLeftovers(of: orders) == 0)
            let count = try await source.log.segments().count
            #expect(try await source.log.remove(through: source.base) == 0)
            #expect(try await source.log.remove(through: last) == count)
        }
    }

    @Test("A time means the last revision seen by then")
    func time() async throws {
        try await withLogSource { source in
            try await withThrowingTaskGroup(of: Void.self) { group in
                let recorder = source.recorder(interval: .milliseconds(20))
                let start = source.base
                let progress = Mutex(ChangeLogRecorder.Progress?.none)
                group.addTask { try await recorder.run(after: start) { told in progress.withLock { $0 = told } } }
                try await source.client.put("a", "1")
                try await eventually("the first change is stored", timeout: .seconds(60)) {
                    progress.withLock { $0?.revision == start + 1 }
                }
                // The log also says that nothing else has happened for a while.
                let between = Timestamp.now
                try await eventually("the quiet is told", timeout: .seconds(60)) {
                    progress.withLock { ($0?.time ?? between) > between }
                }
                try await source.client.put("a", "2")
                try await eventually("the second change is stored", timeout: .seconds(60)) {
                    progress.withLock { $0?.revision == start + 2 }
                }
                let snapshot = try DatabaseFile(path: source.snapshot)
                let now = Timestamp.now
                let known = ChangeLogRecorder.Progress(revision: start + 2, time: now)
                for (time, expected) in [(between, start + 1), (now, start + 2), (between - .seconds(3600), start)] {
                    let path = "\(source.directory)/\(expected).db"
                    #expect(
                        try await source.log.rebuild(.time(time), from: snapshot, to: path, knownThrough: known)
                            == expected)
                }
                // The log alone does not tell whether something happened behind its end.
                // Nor does what is known of another stretch of it, behind a gap.
                let later = ChangeLogRecorder.Progress(revision: start + 9, time: now + .seconds(90))
                for known in [nil, known, later] {
                    let error = await #expect(throws: ArchiveError.self) {
                        try await source.log.rebuild(
                            .time(now + .seconds(60)), from: snapshot, to: "\(source.directory)/none.db",
                            knownThrough: known)
                    }
                    #expect(error?.code == .incomplete && error?.detail.contains("is not on record") == true)
                }
                group.cancelAll()
            }
        }
    }

    @Test("A storage that fails for a while costs nothing but time, and is told")
    func storageFails() async throws {
        try await withLogSource { source in
            try await withThrowingTaskGroup(of: Void.self) { group in
                let recorder = source.recorder(interval: .milliseconds(20))
                let start = source.base
                let progress = Mutex(ChangeLogRecorder.Progress?.none)
                group.addTask { try await recorder.run(after: start) { told in progress.withLock { $0 = told } } }
                try await source.client.put("a", "1")
                try await eventually("the first change is stored", timeout: .seconds(60)) {
                    progress.withLock { $0?.revision == start + 1 }
                }
                // A file where the directory should be: writing fails for root, too.
                rename(source.backups, "\(source.backups)-away")
                try writeTextFile(source.backups, "in the way")
                for number in 0..<50 { try await source.client.put("b", "\(number)") }
                try await eventually("the trouble is told", timeout: .seconds(60)) {
                    progress.withLock { $0?.problem != nil }
                }
                #expect(progress.withLock { $0?.revision ?? 0 } <= start + 50)
                unlink(source.backups)
                rename("\(source.backups)-away", source.backups)
                try await eventually("everything is stored", timeout: .seconds(60)) {
                    progress.withLock { $0?.revision == start + 51 }
                }
                #expect(progress.withLock { $0?.problem } == nil)
                let path = "\(source.directory)/all.db"
                let snapshot = try DatabaseFile(path: source.snapshot)
                #expect(try await source.log.rebuild(.latest, from: snapshot, to: path) == start + 51)
                group.cancelAll()
            }
        }
    }

    @Test("Changes that were compacted away end the recording, so that a new backup can begin it again")
    func compacted() async throws {
        try await withLogSource { source in
            for number in 0..<10 { try await source.client.put("a", "\(number)") }
            try await source.client.compact(at: source.base + 9)
            let error = await #expect(throws: EtcdError.self) {
                try await source.recorder(interval: .milliseconds(20)).run(after: source.base) { _ in }
            }
            #expect(error?.code == .compacted)
        }
    }

    @Test("Another cluster that answers at the members' addresses is not recorded")
    func foreign() async throws {
        try await withLogSource { source in
            try await source.client.put("a", "1")
            let recorder = ChangeLogRecorder(source.log, of: EtcdEndpoints(source.client), clusterID: 7)
            let error = await #expect(throws: ArchiveError.self) { try await recorder.run(after: source.base) { _ in } }
            #expect(error?.code == .contradiction)
            #expect(try await source.log.segments().isEmpty)
        }
    }

    @Test("Leases that came and went behind the backup are there, or not, as they were")
    func leases() async throws {
        try await withLogSource { source in
            let kept = try await source.client.leaseGrant(timeToLive: .seconds(700))
            let ended = try await source.client.leaseGrant(timeToLive: .seconds(800))
            let bare = try await source.client.leaseGrant(timeToLive: .seconds(900))
            try await source.client.put(Array("k".utf8), [1], lease: .id(kept.id))
            try await source.client.put(Array("e".utf8), [1], lease: .id(ended.id))
            var last = try await source.client.put("x", "y").header.revision
            try await source.record(after: source.base, through: last)
            try await source.client.leaseRevoke(ended.id)
            let middle = last
            last = try await source.client.put("x", "z").header.revision
            try await source.record(after: middle, through: last)
            let snapshot = try DatabaseFile(path: source.snapshot)
            for (revision, expected) in [
                (middle, [kept.id: 700, ended.id: 800, bare.id: 900]), (last, [kept.id: 700, bare.id: 900]),
            ] as [(Int64, [Int64: Int64])] {
                let path = "\(source.directory)/leases-\(revision).db"
                _ = try await source.log.rebuild(.revision(revision), from: snapshot, to: path)
                #expect(try DatabaseFile(path: path).leases() == expected)
            }
        }
    }
}
