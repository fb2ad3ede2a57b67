import Etcd
import TestSupport
import Testing

struct KVTests {
    @Test("Keys are written, read at old and new revisions, counted and deleted", arguments: RealEtcd.availableVersions)
    func readsAndWrites(_ version: RealEtcd.Version) async throws {
        try await withRealEtcd(version: version) { etcd in
            let client = try etcd.client()
            let first = try await client.put("a", "1")
            let second = try await client.put(PutRequest("a", "2", returnsPrevious: true))
            #expect(second.header.revision == first.header.revision + 1)
            #expect(second.previous?.valueText == "1")
            #expect(try await client.get("a")?.valueText == "2")
            #expect(try await client.get("a", revision: first.header.revision)?.valueText == "1")
            #expect(try await client.get("missing") == nil)

            for index in 0..<10 { try await client.put("list/\(index)", "v\(9 - index)") }
            #expect(try await client.count(.prefix("list/")) == 10)
            let limited = try await client.range(RangeRequest(.prefix("list/"), selection: .first(3)))
            #expect(limited.keyValues.map(\.keyText) == ["list/0", "list/1", "list/2"])
            #expect(limited.hasMore)
            #expect(limited.count == 10)
            let sorted = try await client.range(
                RangeRequest(.prefix("list/"), selection: .sorted(by: .value, descending: false)))
            #expect(sorted.keyValues.first?.keyText == "list/9")
            let ascending = try await client.range(
                RangeRequest(.prefix("list/"), selection: .sorted(by: .key, descending: false)))
            #expect(ascending.keyValues.map(\.keyText) == (0..<10).map { "list/\($0)" })
            let recent = try await client.range(
                RangeRequest(
                    .all, selection: .changed(.init(minimumModRevision: second.header.revision + 9))))
            #expect(recent.keyValues.map(\.keyText) == ["list/8", "list/9"])
            let keys = try await client.range(RangeRequest(.prefix("list/"), content: .keysOnly, isSerializable: true))
            #expect(keys.keyValues.allSatisfy { $0.value.isEmpty && $0.version == 1 })

            let page = try await client.rangePage(RangeRequest(.prefix("list/")))
            #expect(page.keyCount == 10)
            #expect(page.keyValues == ascending.keyValues)

            let deleted = try await client.deleteRange(
                DeleteRangeRequest(.range(bytes("list/3"), before: bytes("list/5")), returnsPrevious: true))
            #expect(deleted.deleted == 2)
            #expect(deleted.previous.map(\.keyText) == ["list/3", "list/4"])
            try await client.delete(.all)
            #expect(try await client.count(.all) == 0)
        }
    }

    @Test("Keys and values may be any bytes, and values may be kept while the lease changes")
    func bytesAndLeases() async throws {
        try await withRealEtcd { etcd in
            let client = try etcd.client()
            let key: [UInt8] = [0, 0xff, 0x0a]
            let value = [UInt8](0...255)
            try await client.put(key, value)
            #expect(try await client.get(key)?.value == value)
            try await client.put([0xff, 0xff], [])
            #expect(try await client.range(RangeRequest(.prefix([0xff]))).keyValues.map(\.key) == [[0xff, 0xff]])

            let lease = try await client.leaseGrant(timeToLive: .seconds(60))
            try await client.put(PutRequest(key: key, value: .unchanged, lease: .id(lease.id)))
            #expect(try await client.get(key)?.lease == lease.id)
            try await client.put(PutRequest(key: key, value: .bytes([1]), lease: .unchanged))
            let pair = try #require(try await client.get(key))
            #expect(pair.value == [1])
            #expect(pair.lease == lease.id)
            #expect(pair.version == 3)
        }
    }
}
