import Glibc
import TestSupport
import Testing
import Transport

/// What streams cost that are given up, and those that are read slowly.
///
/// Each test runs in a process of its own, because others would change its memory and its descriptors.
@Suite(.timeLimit(.minutes(10)))
struct LeakTests {
    @Test("Hundreds of cancelled streams leave neither descriptors nor memory behind")
    func cancelledStreams() async {
        await #expect(processExitsWith: .success) {
            try await withRealEtcd(extraArguments: ["--max-request-bytes", "2000000"]) { etcd in
                let engine = HTTPEngine()
                defer { engine.shutdown() }
                let channel = GRPCChannel(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
                try await BulkTests.fill(channel, count: 16, byteCount: 768 << 10)
                // The first rounds fill caches that stay: threads, allocators, libcurl's tables.
                try await LeakTests.cancelStreams(channel, rounds: 40)
                try await eventually("all streams are closed") { engine.statistics.openConnections <= 8 }
                let memory = ProcessFigures.residentByteCount
                let descriptors = ProcessFigures.descriptorCount
                try await LeakTests.cancelStreams(channel, rounds: 150)
                try await eventually("all streams are closed") { engine.statistics.openConnections <= 8 }
                let grown = ProcessFigures.residentByteCount - memory
                #expect(grown < 3 << 20, "600 cancelled streams cost \(grown) bytes of memory.")
                #expect(ProcessFigures.descriptorCount == descriptors)
            }
        }
    }

    /// Opens and cancels, per round: a snapshot that is held up, one that is read a little, a watch, and a stream that
    /// is let go at once.
    static func cancelStreams(_ channel: GRPCChannel, rounds: Int) async throws {
        for _ in 0..<rounds {
            for messages in [1, 20] {
                let snapshot = channel.open(EtcdWire.snapshot)
                snapshot.send([])
                snapshot.finishSending()
                for _ in 0..<messages {
                    _ = try await snapshot.next()
                }
                snapshot.cancel()
            }
            let watch = channel.open(EtcdWire.watch)
            watch.send(EtcdWire.watchRequest(from: "a"))
            _ = try await watch.next()
            watch.cancel()
            channel.open(EtcdWire.watch).send(EtcdWire.watchRequest(from: "a"))
        }
    }

    @Test("A process without descriptors says so, and goes on when it has some")
    func noDescriptors() async {
        await #expect(processExitsWith: .success) {
            try await withRealEtcd { etcd in
                let engine = HTTPEngine()
                defer { engine.shutdown() }
                let channel = GRPCChannel(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
                var full: [Int32] = []
                while true {
                    let descriptor = dup(0)
                    guard descriptor >= 0 else { break }
                    full.append(descriptor)
                }
                let error = await channel.attempt(EtcdWire.range, EtcdWire.rangeRequest("k")).failure
                #expect(error?.message.contains("raise its limit") == true, "\(error?.description ?? "it worked")")
                #expect(error?.wasSent == .no)
                full.forEach { close($0) }
                _ = try await channel.call(EtcdWire.range, EtcdWire.rangeRequest("k"))
            }
        }
    }

    @Test("A slow reader of a snapshot holds the server up instead of filling memory")
    func slowReader() async {
        await #expect(processExitsWith: .success) {
            try await withRealEtcd(extraArguments: ["--max-request-bytes", "2000000"]) { etcd in
                let engine = HTTPEngine()
                defer { engine.shutdown() }
                let channel = GRPCChannel(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
                try await BulkTests.fill(channel, count: 64, byteCount: 768 << 10)
                _ = try await Snapshot.read(channel)
                let memory = ProcessFigures.residentByteCount
                var highest = memory
                var read = 0
                // 48 MB in about a hundred steps: unhindered, the server would be done before the first few.
                let run = try await Snapshot.read(channel) { byteCount in
                    if byteCount - read > 500_000 {
                        read = byteCount
                        try? await Task.sleep(for: .milliseconds(15))
                        highest = max(highest, ProcessFigures.residentByteCount)
                    }
                }
                #expect(run.byteCount == run.announced)
                #expect(highest - memory < 6 << 20, "A held-up snapshot took \(highest - memory) bytes of memory.")
            }
        }
    }
}
