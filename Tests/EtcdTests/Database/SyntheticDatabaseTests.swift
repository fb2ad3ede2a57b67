import TestSupport
import Testing

@testable import Etcd

/// Rules that a real etcd shows only in rare moments, on databases made by hand.
struct SyntheticDatabaseTests {
    typealias Record = SyntheticDatabase.Record

    @Test("HashKV follows etcd's rule at random revisions, compactions and states of compaction")
    func hashRule() async throws {
        for seed in 0..<150 {
            var random = SeededRandom(seed: UInt64(seed))
            let history = history(transactions: Int.random(in: 1...30, using: &random), with: &random)
            let latest = history.last?.main ?? 1
            let compact: Int64? = Bool.random(using: &random) ? Int64.random(in: 1...latest, using: &random) : nil
            var database = SyntheticDatabase(records: history)
            database.scheduledCompact = compact
            try await withDatabase(database) { file in
                let summary = try file.summary()
                #expect(summary.liveKeys == liveKeys(history, at: latest).count)
                #expect(summary.revision == latest)
                #expect(summary.versionGaps == 0)
                for rule in [TombstoneRule.hashed, .skipped] {
                    for revision in max(1, compact ?? 1)...latest {
                        let expected = hash(history, at: revision, compact: compact ?? -1, rule)
                        let found = try file.hashKV(at: revision, tombstones: rule)
                        #expect(found.hash == expected)
                    }
                    #expect(
                        try file.summary(tombstones: rule).hash.hash
                            == hash(history, at: latest, compact: compact ?? -1, rule))
                }
            }
        }
    }

    @Test("A revision outside of what the file holds is refused with its own code")
    func outside() async throws {
        let records = [
            Record(main: 2, key: "a", create: 2, version: 1), Record(main: 5, key: "b", create: 5, version: 1),
        ]
        try await withDatabase(SyntheticDatabase(records: records, scheduledCompact: 3)) { file in
            let compacted = #expect(throws: DatabaseError.self) { try file.hashKV(at: 2) }
            #expect(compacted?.code == .revisionCompacted)
            let future = #expect(throws: DatabaseError.self) { try file.hashKV(at: 6) }
            #expect(future?.code == .revisionInFuture)
            #expect(compacted?.isDamage == false && future?.isDamage == false)
        }
    }

    @Test("A head that was deleted and compacted away does not take the revision back (etcd 17780)")
    func compactedHead() async throws {
        let database = SyntheticDatabase(
            records: [Record(main: 2, key: "a", create: 2, version: 1)], scheduledCompact: 9, finishedCompact: 9)
        try await withDatabase(database) { file in
            let summary = try file.summary()
            #expect(summary.revision == 9)
            #expect(summary.compactRevision == 9)
        }
    }

    @Test("The marker of a restore with a revision bump is no key and ends nothing")
    func marker() async throws {
        let records = [
            Record(main: 2, key: "a", create: 2, version: 1), Record(main: 1_000_000_002, key: ""),
        ]
        try await withDatabase(SyntheticDatabase(records: records, scheduledCompact: 1_000_000_002)) { file in
            let summary = try file.summary()
            #expect(summary.liveKeys == 1)
            #expect(summary.revision == 1_000_000_002)
            #expect(summary.compactRevision == 1_000_000_002)
            #expect(summary.versionGaps == 0)
        }
    }

    @Test("An update that is missing or doubled is counted as a gap")
    func versionGaps() async throws {
        let records = [
            Record(main: 2, key: "a", create: 2, version: 1), Record(main: 3, key: "a", create: 2, version: 3),
            Record(main: 4, key: "b", create: 3, version: 1),
        ]
        try await withDatabase(SyntheticDatabase(records: records)) { file in
            let summary = try file.summary()
            #expect(summary.versionGaps == 2)
        }
        // Before the compact revision history has holes by design.
        try await withDatabase(SyntheticDatabase(records: records, scheduledCompact: 4)) { file in
            let summary = try file.summary()
            #expect(summary.versionGaps == 0)
        }
    }

    @Test(
        "A record that contradicts itself is damage",
        arguments: [
            Record(main: 2, key: "a", create: 3, version: 1), Record(main: 2, key: "a", create: 2, version: 0),
            Record(main: 2, key: "a", create: 0, version: 1), Record(main: 2, isTombstone: true, key: ""),
        ])
    func contradiction(record: Record) async throws {
        try await withDatabase(SyntheticDatabase(records: [record])) { file in
            let error = #expect(throws: DatabaseError.self) { try file.summary() }
            #expect(error?.code == .damaged)
        }
    }

    @Test("A free list that is stored has to name exactly the pages nobody uses")
    func freelist() async throws {
        var database = SyntheticDatabase(records: [Record(main: 2, key: "a", create: 2, version: 1)])
        database.hasFreelist = true
        database.freePages = [0, 1, 2]
        try await withDatabase(database) { file in
            let summary = try file.summary()
            #expect(summary.liveKeys == 1)
        }
        for pages: [UInt64] in [[0, 2], [0, 1, 1, 2], [2]] {
            database.freePages = pages
            try await withDatabase(database) { file in
                let error = #expect(throws: DatabaseError.self) { try file.summary() }
                #expect(error?.page == 2)
            }
        }
    }

    @Test("A bbolt file of some other program is not taken for etcd's")
    func otherProgram() async throws {
        var bytes = SyntheticDatabase().bytes
        // The name of the bucket `key` stands right behind the table of the root page.
        let name = 3 * 4096 + 16 + 2 * 16
        #expect(Array(bytes[name..<name + 3]) == Array("key".utf8))
        bytes.replaceSubrange(name..<name + 3, with: Array("kei".utf8))
        try await withFile(bytes) { file in
            let error = #expect(throws: DatabaseError.self) { try file.summary() }
            #expect(error?.code == .notADatabase)
        }
    }

    /// Transactions as etcd would write them: every key at most once in each, versions counted.
    private func history(transactions: Int, with random: inout SeededRandom) -> [Record] {
        var records: [Record] = []
        var live: [String: (create: Int64, version: Int64)] = [:]
        for main in 2..<Int64(2 + transactions) {
            for (sub, number) in Set(
                (0..<Int.random(in: 1...3, using: &random)).map { _ in Int.random(in: 0..<4, using: &random) }
            )
            .sorted().enumerated() {
                let key = "key-\(number)"
                if live[key] != nil, Int.random(in: 0..<3, using: &random) == 0 {
                    live[key] = nil
                    records.append(Record(main: main, sub: Int64(sub), isTombstone: true, key: key))
                } else {
                    let old = live[key] ?? (main, 0)
                    live[key] = (old.create, old.version + 1)
                    records.append(
                        Record(
                            main: main, sub: Int64(sub), key: key, create: old.create, version: old.version + 1,
                            value: "value \(main)"))
                }
            }
        }
        return records
    }

    /// The index of the newest record of every key that lives at a revision.
    private func liveKeys(_ records: [Record], at revision: Int64) -> [String: Int] {
        var live: [String: Int] = [:]
        for (index, record) in records.enumerated() where record.main <= revision {
            live[record.key] = record.isTombstone ? nil : index
        }
        return live
    }

    /// etcd's rule word by word, with the keep-set as a set.
    private func hash(_ records: [Record], at revision: Int64, compact: Int64, _ rule: TombstoneRule) -> UInt32 {
        let keep = Set(liveKeys(records, at: revision).values)
        var checksum = CRC32C()
        Array("key".utf8).withUnsafeBytes { checksum.updateByTable($0) }
        for (index, record) in records.enumerated() where record.main <= revision {
            if record.main <= compact, !keep.isEmpty, !keep.contains(index) { continue }
            if rule == .skipped, record.isTombstone, record.main == compact { continue }
            (record.name + record.message).withUnsafeBytes { checksum.updateByTable($0) }
        }
        return checksum.value
    }

    private func withDatabase(_ database: SyntheticDatabase, _ body: (DatabaseFile) throws -> Void) async throws {
        try await withFile(database.bytes, body)
    }

    private func withFile(_ bytes: [UInt8], _ body: (DatabaseFile) throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            try writeFile(bytes, to: "\(directory)/db")
            try body(try DatabaseFile(path: "\(directory)/db"))
        }
    }
}
