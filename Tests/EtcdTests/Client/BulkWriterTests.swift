import Etcd
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct BulkWriterTests {
    @Test("Writes to one key are applied in their order, and all writes are applied")
    func order() async throws {
        try await withRealEtcd { etcd in
            let client = try etcd.client()
            let summary = try await EtcdEndpoints(client).bulkWrite { writer in
                for round in 0..<200 {
                    for index in 0..<(round % 7 + 1) { try await writer.put(bytes("k\(index)"), bytes("\(round)")) }
                    if round % 50 == 49 { try await writer.delete(bytes("k1")) }
                    try await writer.put(bytes("once/\(round)"), bytes("\(round)"))
                }
            }
            #expect(try await client.count(.prefix("once/")) == 200)
            // The last rounds that write each key: 199 has 199 % 7 = 3, so k0 to k3; round 195 is 6.
            #expect(try await client.get("k0")?.valueText == "199")
            #expect(try await client.get("k1") == nil)
            #expect(try await client.get("k3")?.valueText == "199")
            #expect(try await client.get("k6")?.valueText == "195")
            #expect(try await client.get("k0")?.version == 200)
            #expect(summary.revision == (try await client.status().header.revision))
        }
    }

    @Test("Transactions keep to etcd's limits of operations and bytes")
    func limits() async throws {
        try await withRealEtcd { etcd in
            let client = try etcd.client()
            let small = try await EtcdEndpoints(client).bulkWrite { writer in
                for index in 0..<1_000 { try await writer.put(bytes("small/\(index)"), bytes("v")) }
            }
            #expect(small.transactions == 8)
            #expect(small.operations == 1_000)
            let value = [UInt8](repeating: 1, count: 100_000)
            let big = try await EtcdEndpoints(client).bulkWrite { writer in
                for index in 0..<40 { try await writer.put(bytes("big/\(index)"), value) }
            }
            #expect(big.transactions == 4)
            #expect(try await client.count(.prefix("big/")) == 40)
            let revisions = try await client.range(RangeRequest(.prefix("small/"))).keyValues.map(\.modRevision)
            #expect(Set(revisions).count == 8)
        }
    }

    @Test("Once its condition no longer holds, nothing is written any more")
    func condition() async throws {
        try await withRealEtcd { etcd in
            let client = try etcd.client()
            let revision = try await client.put("guard", "1").header.revision
            var options = BulkWriter.Options()
            options.condition = .isUnchanged(bytes("guard"), since: revision)
            let endpoints = EtcdEndpoints(client)
            try await endpoints.bulkWrite(options: options) { try await $0.put(bytes("first"), bytes("v")) }
            #expect(try await client.get("first") != nil)
            try await client.put("guard", "2")
            let error = await #expect(throws: EtcdError.self) {
                try await endpoints.bulkWrite(options: options) { try await $0.put(bytes("second"), bytes("v")) }
            }
            #expect(error?.code == .failedPrecondition)
            #expect(try await client.get("second") == nil)
        }
    }

    @Test("A write that etcd refuses ends the whole with its error")
    func refusal() async throws {
        try await withRealEtcd { etcd in
            let client = try etcd.client()
            let alarm = EtcdAlarm(memberID: try await client.status().header.memberID, kind: .noSpace)
            try await client.activateAlarm(alarm)
            let error = await #expect(throws: EtcdError.self) {
                try await EtcdEndpoints(client).bulkWrite { writer in
                    for index in 0..<100_000 { try await writer.put(bytes("k\(index)"), bytes("v")) }
                }
            }
            #expect(error?.code == .noSpace)
        }
    }

    @Test("Writing survives the restart of a member")
    func restart() async throws {
        try await withRealEtcd { etcd in
            let client = try etcd.client()
            try await EtcdEndpoints(client).bulkWrite { writer in
                for index in 0..<20_000 {
                    if index == 10_000 { try await etcd.restart(0) }
                    try await writer.put(bytes("k\(index)"), bytes("\(index)"))
                }
            }
            #expect(try await client.count(.all) == 20_000)
            #expect(try await client.get("k19999")?.valueText == "19999")
        }
    }
}
