import Etcd
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct KeyspaceReaderTests {
    @Test("What is read is the keyspace at one revision, while it changes", arguments: RealEtcd.availableVersions)
    func exactness(_ version: RealEtcd.Version) async throws {
        try await withRealEtcd(version: version) { etcd in
            let client = try etcd.client()
            let endpoints = EtcdEndpoints(client)
            let keys = SampleKeys.kubernetes.keys
            let written = try await endpoints.bulkWrite { writer in
                for key in keys { try await writer.put(key, key) }
            }
            #expect(written.operations == keys.count)
            var options = KeyspaceReader.Options()
            options.maximumPageKeys = 400
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    // Until it is cancelled, which the client reports as an error.
                    while !Task.isCancelled {
                        _ = await code { try await client.put("/registry/pods/new", "x") }
                        _ = await code { try await client.delete(.prefix("/registry/secrets/ns-3")) }
                    }
                }
                var found: [[UInt8]] = []
                var areValuesRight = true
                let reader = KeyspaceReader(endpoints, .all, revision: written.revision, options: options)
                let summary = try await reader.forEachKeyValue { pair in
                    found.append([UInt8](pair.key))
                    if !pair.value.elementsEqual(pair.key) { areValuesRight = false }
                }
                group.cancelAll()
                #expect(found == keys)
                #expect(areValuesRight)
                #expect(summary.keys == keys.count)
                #expect(summary.revision == written.revision)
                #expect(try await client.count(.all, revision: written.revision) == Int64(keys.count))
            }
            let part = try await KeyspaceReader(endpoints, .prefix("/registry/pods/ns-1")).keyValues()
            #expect(Int64(part.count) == (try await client.count(.prefix("/registry/pods/ns-1"))))
            #expect(part.allSatisfy { $0.keyText.hasPrefix("/registry/pods/ns-1") })
        }
    }

    @Test("Reading fails when its revision is compacted, and when its visitor does")
    func failures() async throws {
        try await withRealEtcd { etcd in
            let client = try etcd.client()
            let endpoints = EtcdEndpoints(client)
            let written = try await endpoints.bulkWrite { writer in
                for index in 0..<5_000 { try await writer.put(bytes("k/\(index)"), bytes("v")) }
            }
            var options = KeyspaceReader.Options()
            options.maximumPageKeys = 200
            options.firstPageKeys = 100
            let reader = KeyspaceReader(endpoints, .all, options: options)
            let error = await #expect(throws: EtcdError.self) {
                var isFirst = true
                try await reader.forEachPage { _ in
                    guard isFirst else { return }
                    isFirst = false
                    let revision = try await client.put("k/0", "new").header.revision
                    try await client.compact(at: revision, isPhysical: true)
                }
            }
            #expect(error?.code == .compacted)
            #expect(written.transactions == 40)

            struct Enough: Error {}
            await #expect(throws: Enough.self) {
                try await KeyspaceReader(endpoints, .all).forEachPage { _ in throw Enough() }
            }
        }
    }

    @Test("Reading goes on with another member when one dies")
    func failover() async throws {
        try await withRealEtcd(members: 3) { etcd in
            let clients = try (0..<3).map { try etcd.client($0) }
            let keys = SampleKeys.decimal.keys
            let endpoints = EtcdEndpoints(clients[0], [clients[1], clients[2]])
            try await endpoints.bulkWrite { writer in
                for key in keys { try await writer.put(key, bytes("v")) }
            }
            var options = KeyspaceReader.Options()
            options.maximumPageKeys = 500
            var found: [[UInt8]] = []
            try await KeyspaceReader(endpoints, .all, options: options).forEachPage { page in
                if found.isEmpty { try await etcd.kill(0) }
                page.forEachKeyValue { found.append([UInt8]($0.key)) }
            }
            #expect(found == keys)
        }
    }
}
