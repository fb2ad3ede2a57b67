import TestSupport
import Testing
import Transport

/// Big answers: pages in parallel, and whole snapshots.
@Suite(.timeLimit(.minutes(10)))
struct BulkTests {
    /// Writes `count` keys with values of `byteCount` bytes.
    static func fill(_ channel: GRPCChannel, count: Int, byteCount: Int) async throws {
        let value = [UInt8](repeating: 7, count: byteCount)
        try await withThrowingTaskGroup { group in
            for slice in 0..<8 {
                group.addTask {
                    for index in stride(from: slice, to: count, by: 8) {
                        let request = EtcdWire.putRequest(key(index), value)
                        _ = try await channel.call(EtcdWire.put, request)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private static func key(_ index: Int) -> String {
        let digits = String(index)
        return "k" + String(repeating: "0", count: 6 - digits.count) + digits
    }

    @Test("16 pages of a megabyte at a time lose no trailer and no key", arguments: [Lane.unary, Lane.bulk])
    func parallelPages(lane: Lane) async throws {
        try await withRealEtcd(extraArguments: ["--max-request-bytes", "2000000"]) { etcd in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let channel = GRPCChannel(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
            try await Self.fill(channel, count: 32, byteCount: 64 << 10)
            let pages = try await withThrowingTaskGroup(of: Int.self) { group in
                for start in 0..<16 {
                    group.addTask {
                        for _ in 0..<20 {
                            let request = EtcdWire.rangeRequest(Self.key(start), end: "l", limit: 16)
                            let options = CallOptions(timeout: .seconds(30), lane: lane)
                            let answer = try await channel.call(EtcdWire.range, request, options: options)
                            #expect(answer.byteCount > 1 << 20)
                            #expect(EtcdWire.keyValues(answer).map(\.key) == (start..<start + 16).map(Self.key))
                        }
                        return 20
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(pages == 320)
            #expect(engine.statistics.answersWithoutStatus == 0)
            #expect(engine.statistics.repeats == 0)
            #expect(engine.statistics.connectionsOpened <= 8)
        }
    }

    @Test("20 snapshots arrive whole and never stall, above all not at their end")
    func snapshots() async throws {
        try await withRealEtcd(extraArguments: ["--max-request-bytes", "2000000"]) { etcd in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let channel = GRPCChannel(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
            try await Self.fill(channel, count: 64, byteCount: 768 << 10)
            var longest = Duration.zero
            for _ in 0..<20 {
                let run = try await Snapshot.read(channel)
                #expect(run.byteCount > 48 << 20)
                #expect(run.byteCount == run.announced)
                #expect(run.left == 0)
                longest = max(longest, run.longestGap)
            }
            // A stall lasts until some timer of libcurl ends, here that of connecting after 31 seconds. A busy machine
            // may well make etcd or us pause for a few.
            #expect(longest < .seconds(10))
        }
    }

    @Test(
        "Snapshots that are read in fits and starts end with their trailers, which libcurl may hand over in one piece")
    func haltingSnapshots() async throws {
        try await withRealEtcd(extraArguments: ["--max-request-bytes", "2000000"]) { etcd in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let channel = GRPCChannel(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
            try await Self.fill(channel, count: 8, byteCount: 768 << 10)
            for round in 0..<40 {
                let run = try await Snapshot.read(channel) { number in
                    if number % 8 == round % 8 { try? await Task.sleep(for: .milliseconds(2)) }
                }
                #expect(run.byteCount == run.announced && run.left == 0)
            }
        }
    }
}

/// One snapshot, read to its end.
struct Snapshot {
    /// Bytes received, without the checksum at the end.
    var byteCount = 0
    /// Bytes of the database that the first message announces.
    var announced = 0
    /// Bytes that the last message says are left.
    var left: UInt64 = .max
    /// The longest time between two messages, or between the last one and the end.
    var longestGap = Duration.zero

    static func read(_ channel: GRPCChannel, pause: (Int) async -> Void = { _ in }) async throws -> Snapshot {
        let stream = channel.open(EtcdWire.snapshot, options: CallOptions(timeout: .seconds(30)))
        stream.send([])
        stream.finishSending()
        var run = Snapshot()
        var last = ContinuousClock.now
        for try await message in stream {
            run.longestGap = max(run.longestGap, last.duration(to: .now))
            let fields = EtcdWire.fields(EtcdWire.bytes(message)[...])
            let left = fields.first { $0.number == 2 }?.value ?? 0
            let blob = fields.first { $0.number == 3 }?.bytes.count ?? 0
            if run.byteCount == 0 {
                run.announced = Int(left) + blob
            }
            // etcd ends with a message that carries only the checksum of what came before, and nothing left.
            if left == 0, run.left == 0 {
                #expect(blob == 32)
            } else {
                run.byteCount += blob
            }
            run.left = left
            await pause(run.byteCount)
            last = .now
        }
        run.longestGap = max(run.longestGap, last.duration(to: .now))
        return run
    }
}
