import TestSupport
import Testing

@testable import Etcd

@Suite(.timeLimit(.minutes(10)))
struct WatchTests {
    @Test(
        "Many watches share a stream, each with its own range, start and kind of events",
        arguments: RealEtcd.availableVersions)
    func sharing(_ version: RealEtcd.Version) async throws {
        try await withRealEtcd(version: version) { etcd in
            let client = try etcd.client()
            let start = try await client.put("a/1", "x").header.revision
            try await client.put("b/1", "y")
            try await client.delete(.key("a/1"))
            try await client.put("a/2", "z")
            try await client.withWatchStream { stream in
                let a = stream.watch(.prefix("a/"), from: start)
                let deletions = stream.watch(
                    .all, from: start, options: WatchOptions(events: .deletions, includesPrevious: true))
                let late = stream.watch(.all, from: start + 3)
                var events: [WatchEvent] = []
                while events.count < 3 { events += try await a.next().events }
                #expect(events.map(\.kind) == [.put, .delete, .put])
                #expect(events.map(\.keyValue.keyText) == ["a/1", "a/1", "a/2"])
                #expect(events.map(\.keyValue.modRevision) == [start, start + 2, start + 3])
                let deletion = try await deletions.next()
                #expect(deletion.events.first?.previous?.valueText == "x")
                #expect(deletion.revision == start + 2)
                #expect(try await late.next().summary == ["a/2@\(start + 3)"])
                // A transaction's events come together.
                try await client.commit(
                    Transaction(then: (0..<50).map { .put(PutRequest("a/t\($0)", "v")) }))
                #expect(try await a.next().eventCount == 50)
                #expect(try await late.next().eventCount == 50)
            }
        }
    }

    @Test("A revision too big for one message arrives whole")
    func fragments() async throws {
        try await withRealEtcd { etcd in
            let client = try etcd.client()
            let value = String(repeating: "v", count: 11_000)
            let writes = (0..<128).map { Transaction.Operation.put(PutRequest("big/\($0)", value)) }
            let first = try await client.commit(Transaction(then: writes)).header.revision
            try await client.withWatchStream { stream in
                let watch = stream.watch(.prefix("big/"), from: first, options: WatchOptions(includesPrevious: true))
                #expect(try await watch.next().eventCount == 128)
                // With what was there before, 2.8 MB: more than a member puts into one message.
                try await client.commit(Transaction(then: writes))
                let batch = try await watch.next()
                #expect(batch.eventCount == 128)
                #expect(batch.segments.count > 1)
                #expect(Set(batch.events.map(\.keyValue.modRevision)) == [first + 1])
                #expect(Set(batch.events.map(\.keyValue.keyText)).count == 128)
                // Catching up over both gives the same events, each once.
                let again = stream.watch(.prefix("big/"), from: first)
                var events: [WatchEvent] = []
                while events.count < 256 { events += try await again.next().events }
                #expect(
                    events.map(\.keyValue.modRevision) == Array(repeating: first, count: 128)
                        + Array(repeating: first + 1, count: 128))
            }
        }
    }

    @Test(
        "A watch that starts in compacted history says so, and its stream goes on",
        arguments: RealEtcd.availableVersions)
    func compaction(_ version: RealEtcd.Version) async throws {
        try await withRealEtcd(version: version) { etcd in
            let client = try etcd.client()
            for index in 0..<10 { try await client.put("k", "\(index)") }
            try await client.compact(at: 8)
            try await client.withWatchStream { stream in
                let lost = stream.watch(.all, from: 5)
                let error = await #expect(throws: EtcdError.self) { _ = try await lost.next() }
                #expect(error?.code == .compacted)
                #expect(error?.compactRevision == 8)
                #expect(error?.isRetryable == false)
                // At the revision of the compaction itself a watch is allowed.
                let kept = stream.watch(.all, from: 8)
                let batch = try await kept.next()
                #expect(batch.summary.first == "k@8")
            }
        }
    }

    @Test("A watch goes on over restarts of its member, with no event lost or doubled")
    func restarts() async throws {
        try await withRealEtcd { etcd in
            let client = try etcd.client()
            let start = try await client.put("counter/0", "0").header.revision
            try await client.withWatchStream { stream in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    let watch = stream.watch(.prefix("counter/"), from: start)
                    let end = 600
                    group.addTask {
                        for index in 1...end {
                            if index % 200 == 0 { try await etcd.restart(0) }
                            try await EtcdEndpoints(client).perform(rounds: 20) { (client) throws(EtcdError) in
                                try await client.put(PutRequest("counter/\(index)", ""), isIdempotent: true)
                            }
                        }
                    }
                    var revisions: [Int64] = []
                    var keys: Set<String> = []
                    while !keys.contains("counter/\(end)") {
                        let batch = try await watch.next()
                        revisions += batch.events.map(\.keyValue.modRevision)
                        keys.formUnion(batch.events.map(\.keyValue.keyText))
                    }
                    try await group.waitForAll()
                    #expect(keys.count == end + 1)
                    let newest = try await client.range(RangeRequest(.prefix("counter/"))).header.revision
                    #expect(revisions == Array(start...newest))
                }
            }
        }
    }

    @Test("A slow reader stops its own watch only, and misses nothing")
    func slowReader() async throws {
        try await withRealEtcd { etcd in
            let client = try etcd.client()
            let start = try await client.put("start", "").header.revision
            var options = WatchStream.Options()
            options.bufferByteCount = 100_000
            try await client.withWatchStream(options: options) { stream in
                let slow = stream.watch(.prefix("k/"), from: start)
                let quick = stream.watch(.prefix("k/"), from: start)
                let value = [UInt8](repeating: 1, count: 10_000)
                for index in 0..<100 { try await client.put(bytes("k/\(index)"), value) }
                // The quick one sees everything while the slow one has not read a single event.
                var seen = 0
                while seen < 100 { seen += try await quick.next().eventCount }
                for index in 100..<120 { try await client.put(bytes("k/\(index)"), value) }
                while seen < 120 { seen += try await quick.next().eventCount }
                // Of 1.2 MB, no more waits than fits and what was on its way when it was full.
                #expect(slow.buffer.byteCount < 300_000)
                var revisions: [Int64] = []
                while revisions.count < 120 { revisions += try await slow.next().events.map(\.keyValue.modRevision) }
                #expect(revisions == (1...120).map { start + $0 })
            }
        }
    }

    @Test("A slow reader that is alone slows the member down instead, and misses nothing")
    func slowSoleReader() async throws {
        try await withRealEtcd { etcd in
            let client = try etcd.client()
            let start = try await client.put("start", "").header.revision
            let value = [UInt8](repeating: 1, count: 20_000)
            for index in 0..<200 { try await client.put(bytes("k/\(index)"), value) }
            var options = WatchStream.Options()
            options.bufferByteCount = 100_000
            try await client.withWatchStream(options: options) { stream in
                let watch = stream.watch(.prefix("k/"), from: start)
                try await eventually("the buffer is full") { watch.buffer.isFull }
                let end = ContinuousClock.now + .milliseconds(200)
                try await eventually("more could have come") { ContinuousClock.now > end }
                // Of 4 MB, no more waits than one message of the member.
                #expect(watch.buffer.byteCount < 2_200_000)
                var revisions: [Int64] = []
                while revisions.count < 200 {
                    revisions += try await watch.next().events.map(\.keyValue.modRevision)
                }
                #expect(revisions == (1...200).map { start + $0 })
            }
        }
    }

    @Test("A member that stops answering is left for another, with no event lost or doubled")
    func frozenMember() async throws {
        try await withRealEtcd(members: 3) { etcd in
            let clients = try (0..<3).map { try etcd.client($0, timeout: .seconds(3)) }
            let frozen = try await follower(clients)
            let writer = clients[(frozen + 1) % 3]
            let start = try await writer.put("k/0", "").header.revision
            var options = WatchStream.Options()
            options.heartbeat = .milliseconds(300)
            let endpoints = EtcdEndpoints(clients[frozen], clients.filter { $0.endpoint != clients[frozen].endpoint })
            try await endpoints.withWatchStream(options: options) { stream in
                let watch = stream.watch(.prefix("k/"), from: start)
                #expect(try await watch.next().summary == ["k/0@\(start)"])
                etcd.pause(frozen)
                for index in 1...20 { try await writer.put("k/\(index)", "") }
                var revisions: [Int64] = []
                while revisions.count < 20 { revisions += try await watch.next().events.map(\.keyValue.modRevision) }
                #expect(revisions == (1...20).map { start + $0 })
                etcd.resume(frozen)
            }
        }
    }

    @Test("A quiet stream stays up by its heartbeats")
    func heartbeats() async throws {
        try await withRealEtcd { etcd in
            let client = try etcd.client()
            var options = WatchStream.Options()
            options.heartbeat = .seconds(1)
            try await client.withWatchStream(options: options) { stream in
                let watch = stream.watch(.all, from: 1)
                let clock = ContinuousClock()
                let end = clock.now + .milliseconds(3_500)
                try await eventually("longer than a silence may last", timeout: .seconds(20)) { clock.now > end }
                let revision = try await client.put("k", "").header.revision
                #expect(try await watch.next().summary == ["k@\(revision)"])
                #expect(stream.lastFailure == nil)
            }
        }
    }

    @Test("A cancelled reader stops waiting, and so do all when the stream ends")
    func cancellation() async throws {
        try await withRealEtcd { etcd in
            let client = try etcd.client()
            let left = try await client.withWatchStream { stream in
                let watch = stream.watch(.all, from: 1)
                let reader = Task { try await watch.next() }
                reader.cancel()
                let error = await #expect(throws: EtcdError.self) { _ = try await reader.value }
                #expect(error?.code == .cancelled)
                return stream.watch(.all, from: 1)
            }
            let error = await #expect(throws: EtcdError.self) { _ = try await left.next() }
            #expect(error?.code == .cancelled)
        }
    }

    private func follower(_ clients: [EtcdClient]) async throws -> Int {
        for (index, client) in clients.enumerated() where try await !client.status().isLeader { return index }
        throw TestSupportError("Every member says that it leads.")
    }
}
