import Etcd
import Replication
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(15)), .serialized)
struct KeyspaceComparisonTests {
    @Test("Every planted difference is found, and nothing else", arguments: CopyEnds.versions)
    func plantedDifferences(_ from: RealEtcd.Version, _ to: RealEtcd.Version) async throws {
        try await CopyEnds.with(from: from, to: to) { ends in
            let (source, target) = (try ends.from().preferred, try ends.to().preferred)
            for endpoints in [try ends.from(), try ends.to()] {
                try await endpoints.bulkWrite { writer in
                    for index in 0..<30_000 {
                        try await writer.put(text("k/\(index)"), [UInt8](repeating: UInt8(index % 251), count: 100))
                    }
                }
            }
            let lease = try await source.leaseGrant(timeToLive: .seconds(600), id: 7)
            _ = try await target.leaseGrant(timeToLive: .seconds(600), id: 7)
            _ = try await target.leaseGrant(timeToLive: .seconds(600), id: 8)
            for client in [source, target] { try await client.put(PutRequest("l/same", "x", lease: .id(7))) }
            try await source.put(PutRequest("l/none", "x", lease: .id(lease.id)))
            try await target.put(PutRequest("l/none", "x"))
            try await source.put(PutRequest("l/other", "x", lease: .id(7)))
            try await target.put(PutRequest("l/other", "x", lease: .id(8)))

            // The first key, the last and some between; a byte more, a byte less, another byte, an empty value.
            try await source.put("a/first", "only here")
            try await target.deleteRange(DeleteRangeRequest(.key("k/777")))
            try await target.put("k/15000x", "extra")
            try await target.put("z/last", "extra")
            try await target.put(text("k/100"), [UInt8](repeating: 100, count: 101))
            try await target.put(text("k/101"), [UInt8](repeating: 101, count: 99))
            try await target.put(text("k/102"), [UInt8](repeating: 103, count: 100))
            try await target.put(text("k/103"), [])
            // Created again with the same value is no difference; with another value it is.
            try await target.deleteRange(DeleteRangeRequest(.key("k/200")))
            try await target.put(text("k/200"), [UInt8](repeating: 200, count: 100))
            try await target.deleteRange(DeleteRangeRequest(.key("k/201")))
            try await target.put("k/201", "another life")

            var options = KeyspaceComparison.Options()
            options.requiresSameLeases = true
            let reports = Mutex<[ComparisonProgress]>([])
            let comparison = KeyspaceComparison(
                source: try ends.from(), destination: try ends.to(), name: nil, options: options)
            let result = try await comparison.run { progress in reports.withLock { $0.append(progress) } }
            let found = Set(result.differences.map { "\($0.kind.rawValue) \(String(decoding: $0.key, as: UTF8.self))" })
            #expect(
                found == [
                    "Missing a/first", "Missing k/777", "Unexpected k/15000x", "Unexpected z/last",
                    "ValueDiffers k/100", "ValueDiffers k/101", "ValueDiffers k/102", "ValueDiffers k/103",
                    "ValueDiffers k/201", "LeaseDiffers l/none", "LeaseDiffers l/other",
                ])
            #expect(result.differenceCount == 11)
            #expect(result.counts == [.missing: 2, .unexpected: 2, .value: 5, .lease: 2])
            #expect(result.sourceKeys == 30_004 && result.targetKeys == 30_004)
            #expect(result.proof == nil)
            #expect(reports.withLock { $0.last }?.keysCompared == 30_004)
            #expect(reports.withLock { $0.last }?.keysTotal == 30_004)
            #expect(reports.withLock { $0.last }?.differences == 11)
        }
    }

    @Test("The first thousand differences are listed in order, and all are counted")
    func listing() async throws {
        try await CopyEnds.with { ends in
            try await ends.from().bulkWrite { writer in
                for index in 10_000..<12_500 { try await writer.put(text("k/\(index)"), text("v")) }
            }
            let result = try await KeyspaceComparison(
                source: try ends.from(), destination: try ends.to(), name: nil
            ).run()
            #expect(result.counts == [.missing: 2_500])
            #expect(result.differences.count == 1_000)
            #expect(result.differences.first?.key == text("k/10000"))
            #expect(result.differences.last?.key == text("k/10999"))
        }
    }

    @Test("A difference planted into a running copy is found at once, among changes that are none")
    func plantedIntoCopy() async throws {
        let seed = Soak.seed("comparison of a running copy")
        try await CopyEnds.with { ends in
            let client = try ends.from().preferred
            let copy = CopyReplication(source: try ends.from(), destination: try ends.to(), name: "m")
            let comparison = KeyspaceComparison(source: try ends.from(), destination: try ends.to(), name: "m")
            try await client.put("still/a", "a")
            try await client.put("still/b", "b")
            try await whileCopying(copy) { witness in
                try await witness.wait("the tail is reached") { $0.phase == .tail }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        var writer = RandomWriter(client, seed: seed)
                        try await writer.run(steps: 100_000)
                    }
                    defer { group.cancelAll() }
                    try await witness.wait("something is copied") { $0.keysCopied > 500 }
                    #expect(try await comparison.run().isEqual)
                    let target = try ends.to().preferred
                    try await target.put("still/a", "A")
                    try await target.deleteRange(DeleteRangeRequest(.key("still/b")))
                    try await target.put("still/c", "c")
                    let result = try await comparison.run()
                    #expect(
                        result.differences.map(\.description.first) == ["s", "s", "s"],
                        "\(result.differences.prefix(9))")
                    #expect(result.counts == [.value: 1, .missing: 1, .unexpected: 1])
                }
            }
        }
    }

    @Test("A compaction during the comparison is an error that says so")
    func compaction() async throws {
        try await CopyEnds.with { ends in
            let client = try ends.from().preferred
            let revision = try await client.put("k", "1").header.revision
            for index in 0..<10 { try await client.put("k", "\(index)") }
            try await client.compact(at: revision + 5)
            let comparison = KeyspaceComparison(source: try ends.from(), destination: try ends.to(), name: nil)
            let error = await #expect(throws: ReplicationError.self) {
                try await comparison.run(sourceRevision: revision)
            }
            #expect(error?.code == .compacted)
            #expect(error?.description.contains("compare again") == true)
        }
    }

    @Test("A copy that has not brought everything is not compared")
    func unfinished() async throws {
        try await CopyEnds.with { ends in
            let comparison = KeyspaceComparison(source: try ends.from(), destination: try ends.to(), name: "m")
            let error = await #expect(throws: ReplicationError.self) { try await comparison.run() }
            #expect(error?.code == .unsupported)
        }
    }
}
