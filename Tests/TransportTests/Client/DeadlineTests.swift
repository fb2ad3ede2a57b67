import Glibc
import TestSupport
import Testing
import Transport

/// Time limits and cancellation, above all of servers that accept connections and then say nothing.
@Suite(.timeLimit(.minutes(5)))
struct DeadlineTests {
    @Test("A frozen server is a passed deadline, and serves again when it goes on", arguments: [false, true])
    func frozenServer(tls: Bool) async throws {
        let fixture = tls ? try TLSFixture() : nil
        try await withRealEtcd(tls: fixture?.server) { etcd in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let channel = GRPCChannel(
                engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0], tls: fixture?.client))
            _ = try await channel.call(EtcdWire.put, EtcdWire.putRequest("k", [1]))
            try await etcd.freeze(0)
            let clock = ContinuousClock()
            let begin = clock.now
            let options = CallOptions(timeout: .milliseconds(300))
            let frozen = await channel.attempt(EtcdWire.range, EtcdWire.rangeRequest("k"), options: options)
            let took = begin.duration(to: clock.now)
            #expect(frozen.failure?.code == .deadlineExceeded)
            #expect(frozen.failure?.wasSent == .unknown)
            #expect(took >= .milliseconds(300) && took < .seconds(20), "\(took)")
            etcd.resume(0)
            try await eventually("etcd answers again") {
                await channel.attempt(EtcdWire.range, EtcdWire.rangeRequest("k")).failure == nil
            }
            // The frozen call's connection is closed, since an answer may still come over it.
            #expect(engine.statistics.connectionsOpened >= 2)
            #expect(engine.statistics.openConnections <= engine.statistics.connectionsOpened - 1)
        }
    }

    @Test("Calls beyond the width of a lane wait, fail by their own deadline, and were never sent")
    func waitingCalls() async throws {
        try await withRealEtcd { etcd in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let channel = GRPCChannel(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
            _ = try await channel.call(EtcdWire.put, EtcdWire.putRequest("k", [1]))
            try await etcd.freeze(0)
            let long = CallOptions(timeout: .seconds(30))
            let blocked = (0..<8).map { _ in
                Task { await channel.attempt(EtcdWire.put, EtcdWire.putRequest("k", [2]), options: long) }
            }
            try await eventually("the lane is full") { engine.statistics.connectionsOpened == 8 }
            let short = CallOptions(timeout: .milliseconds(200))
            let waiting = await channel.attempt(EtcdWire.put, EtcdWire.putRequest("k", [3]), options: short)
            #expect(waiting.failure?.code == .deadlineExceeded)
            #expect(waiting.failure?.wasSent == .no)
            #expect(waiting.failure?.isRetryable == true)
            let cancelled = Task { await channel.attempt(EtcdWire.put, EtcdWire.putRequest("k", [3]), options: long) }
            cancelled.cancel()
            #expect(await cancelled.value.failure?.code == .cancelled)
            // The other lane has its own connections.
            let bulk = CallOptions(timeout: .milliseconds(200), lane: .bulk)
            let other = await channel.attempt(EtcdWire.range, EtcdWire.rangeRequest("k"), options: bulk)
            #expect(other.failure?.wasSent == .unknown)
            etcd.resume(0)
            for call in blocked {
                #expect(await call.value.failure == nil)
            }
            let answer = try await channel.call(EtcdWire.range, EtcdWire.rangeRequest("k"))
            #expect(EtcdWire.keyValues(answer).first?.version == 9)
        }
    }

    @Test("Cancelling the task ends the call at once")
    func cancellation() async throws {
        try await withRealEtcd { etcd in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let channel = GRPCChannel(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
            try await etcd.freeze(0)
            let call = Task {
                let options = CallOptions(timeout: .seconds(50))
                return await channel.attempt(EtcdWire.range, EtcdWire.rangeRequest("k"), options: options)
            }
            try await eventually("the call has a connection") { engine.statistics.openConnections == 1 }
            call.cancel()
            #expect(await call.value.failure?.code == .cancelled)
            try await eventually("its connection is closed") { engine.statistics.openConnections == 0 }
            etcd.resume(0)
        }
    }

    @Test("Calls of tasks that are cancelled sooner or later all end")
    func cancelledEarly() async throws {
        try await withRealEtcd { etcd in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let channel = GRPCChannel(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
            await withTaskGroup { group in
                for index in 0..<400 {
                    group.addTask {
                        await withTaskGroup { inner in
                            inner.addTask {
                                let request = EtcdWire.rangeRequest("k")
                                let error = await channel.attempt(EtcdWire.range, request).failure
                                #expect(error == nil || error?.code == .cancelled)
                            }
                            for _ in 0..<index % 7 {
                                await Task.yield()
                            }
                            inner.cancelAll()
                        }
                    }
                }
            }
            _ = try await channel.call(EtcdWire.range, EtcdWire.rangeRequest("k"))
            try await eventually("at most one lane of connections is left") { engine.statistics.openConnections <= 8 }
        }
    }

    @Test("A server that never accepts is a passed deadline, and nothing was sent")
    func neverAccepts() async throws {
        // With a backlog of none, Linux completes one connection and drops the first packets of all others.
        let (listener, port) = try TestSocket.listen(backlog: 0)
        defer { close(listener) }
        let first = TestSocket.connect(to: port)
        defer { _ = first.map { close($0) } }
        let engine = HTTPEngine()
        defer { engine.shutdown() }
        let channel = GRPCChannel(engine: engine, endpoint: try Endpoint(url: "http://127.0.0.1:\(port)"))
        let options = CallOptions(timeout: .milliseconds(200))
        let error = await channel.attempt(EtcdWire.status, [], options: options).failure
        #expect(error?.code == .deadlineExceeded)
        #expect(error?.wasSent == .no)
        #expect(error?.message.contains("no connection before the deadline") == true)
        await #expect(throws: HTTPClientError.self) {
            try await TCPProbe.connect(host: "127.0.0.1", port: port, timeout: .milliseconds(200), on: engine)
        }
        try await eventually("both connections are given up") { engine.statistics.openConnections == 0 }
    }

    @Test("Shutting the engine down fails what runs and what comes later")
    func shutdown() async throws {
        try await withRealEtcd { etcd in
            let engine = HTTPEngine()
            let channel = GRPCChannel(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
            let stream = channel.open(EtcdWire.watch)
            stream.send(EtcdWire.watchRequest(from: "k"))
            _ = try await stream.next()
            try await etcd.freeze(0)
            async let call = channel.attempt(EtcdWire.put, EtcdWire.putRequest("k", [1]))
            try await eventually("the call has a connection") { engine.statistics.openConnections == 2 }
            engine.shutdown()
            let running = await call.failure
            #expect(running?.code == .unavailable)
            #expect(running?.message.contains("shut down") == true)
            let later = await channel.attempt(EtcdWire.put, EtcdWire.putRequest("k", [1])).failure
            #expect(later?.wasSent == .no)
            await #expect(throws: GRPCError.self) { try await stream.next() }
            await #expect(throws: GRPCError.self) { try await channel.open(EtcdWire.watch).next() }
            #expect(engine.statistics.openConnections == 0)
            engine.shutdown()
            etcd.resume(0)
        }
    }
}
