import TestSupport
import Testing
import Transport

/// Streams in both directions against a real etcd.
@Suite(.timeLimit(.minutes(5)))
struct GRPCStreamTests {
    /// The watch_id, whether it was just created, and the number of events of a WatchResponse.
    private func watchResponse(_ message: GRPCMessage?) throws -> (id: UInt64, isCreated: Bool, events: Int) {
        let fields = EtcdWire.fields(EtcdWire.bytes(try #require(message))[...])
        return (
            fields.first { $0.number == 2 }?.value ?? 0, fields.contains { $0.number == 3 && $0.value == 1 },
            fields.filter { $0.number == 11 }.count
        )
    }

    @Test("A watch carries several watches, events and progress over one connection", arguments: [false, true])
    func watch(tls: Bool) async throws {
        let fixture = tls ? try TLSFixture() : nil
        try await withRealEtcd(tls: fixture?.server) { etcd in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let channel = GRPCChannel(
                engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0], tls: fixture?.client))
            let stream = channel.open(EtcdWire.watch)
            stream.send(EtcdWire.watchRequest(from: "a"))
            #expect(try watchResponse(await stream.next()) == (0, true, 0))
            stream.send(EtcdWire.watchRequest(from: "b"))
            #expect(try watchResponse(await stream.next()) == (1, true, 0))
            for index in UInt8(0)..<50 {
                _ = try await channel.call(EtcdWire.put, EtcdWire.putRequest("a", [index]))
                #expect(try watchResponse(await stream.next()) == (0, false, 1))
            }
            _ = try await channel.call(EtcdWire.put, EtcdWire.putRequest("b", [1]))
            let ids = [try watchResponse(await stream.next()).id, try watchResponse(await stream.next()).id]
            #expect(ids.sorted() == [0, 1])
            stream.send(EtcdWire.progressRequest)
            // A progress answer is for all watches, which etcd writes as the id -1.
            #expect(try watchResponse(await stream.next()) == (UInt64(bitPattern: -1), false, 0))
            #expect(engine.statistics.openConnections == 2)
            stream.cancel()
            try await eventually("its connection is closed") { engine.statistics.openConnections == 1 }
            await #expect(throws: GRPCError.self) { try await stream.next() }
        }
    }

    @Test("A stream that is let go ends its call")
    func letGo() async throws {
        try await withRealEtcd { etcd in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let channel = GRPCChannel(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
            for try await _ in opened(channel) {
                break
            }
            try await eventually("its connection is closed") { engine.statistics.openConnections == 0 }
        }
    }

    private func opened(_ channel: GRPCChannel) -> GRPCStream {
        let stream = channel.open(EtcdWire.watch)
        stream.send(EtcdWire.watchRequest(from: "a"))
        return stream
    }

    @Test("Silence beyond the limit ends a stream, and messages within it do not")
    func silence() async throws {
        try await withRealEtcd { etcd in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let channel = GRPCChannel(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
            let stream = channel.open(EtcdWire.watch, options: CallOptions(idleTimeout: .seconds(5)))
            stream.send(EtcdWire.watchRequest(from: "a"))
            _ = try await stream.next()
            let clock = ContinuousClock()
            let begin = clock.now
            while begin.duration(to: clock.now) < .seconds(6) {
                stream.send(EtcdWire.progressRequest)
                _ = try await stream.next()
                try await clock.sleep(for: .milliseconds(100))
            }
            do throws(GRPCError) {
                _ = try await stream.next()
                Issue.record("Nobody wrote anything.")
            } catch {
                #expect(error.code == .deadlineExceeded)
                #expect(error.message.contains("nothing came"))
            }
        }
    }

    @Test("A server that dies ends its streams with an error that may be retried")
    func serverDies() async throws {
        try await withRealEtcd { etcd in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let channel = GRPCChannel(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
            let stream = channel.open(EtcdWire.watch, options: CallOptions(isIdempotent: true))
            stream.send(EtcdWire.watchRequest(from: "a"))
            _ = try await stream.next()
            try await etcd.kill(0)
            do throws(GRPCError) {
                _ = try await stream.next()
                Issue.record("The server is dead.")
            } catch {
                #expect(error.code == .unavailable)
                #expect(error.isRetryable)
            }
            let refused = await channel.attempt(EtcdWire.status, []).failure
            #expect(refused?.wasSent == .no)
            #expect(refused?.message.contains("nothing listens there") == true)
        }
    }

    @Test("Cancelling the task that reads ends the stream")
    func cancelledReader() async throws {
        try await withRealEtcd { etcd in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let channel = GRPCChannel(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
            let reader = Task {
                let stream = channel.open(EtcdWire.watch)
                stream.send(EtcdWire.watchRequest(from: "a"))
                for try await _ in stream {}
            }
            try await eventually("the stream has a connection") { engine.statistics.openConnections == 1 }
            reader.cancel()
            await #expect(throws: GRPCError.self) { try await reader.value }
            try await eventually("its connection is closed") { engine.statistics.openConnections == 0 }
        }
    }

    @Test("An invalid header fails the stream and the call, and its value is not told")
    func invalidMetadata() async throws {
        let engine = HTTPEngine()
        defer { engine.shutdown() }
        let channel = GRPCChannel(engine: engine, endpoint: try Endpoint(url: "http://127.0.0.1:1"))
        let options = CallOptions(metadata: [("token", "secret\r\nother: 1")])
        let error = await channel.attempt(EtcdWire.status, [], options: options).failure
        #expect(error?.code == .invalidArgument)
        #expect(error?.description.contains("secret") == false)
        await #expect(throws: GRPCError.self) { try await channel.open(EtcdWire.watch, options: options).next() }
    }
}
