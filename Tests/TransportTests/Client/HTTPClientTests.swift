import TestSupport
import Testing
import Transport

/// HTTP/1.1 requests against our own server and against etcd.
@Suite(.timeLimit(.minutes(5)))
struct HTTPClientTests {
    /// Runs `body` with a client of a server that answers with `handler`.
    private func withClient(
        _ handler: @escaping @Sendable (HTTPServerRequest) async -> HTTPServerResponse,
        _ body: (HTTPClient, HTTPEngine) async throws -> Void
    ) async throws {
        try await withServer { _ in
        } handler: { request in
            await handler(request)
        } _: { (server) async throws in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let endpoint = try Endpoint(url: "http://127.0.0.1:\(server.port)")
            try await body(HTTPClient(engine: engine, endpoint: endpoint), engine)
        }
    }

    @Test("A request arrives with its method, path, fields and body, and the answer comes back with its own")
    func exchange() async throws {
        try await withClient { request in
            let text =
                "\(request.method) \(request.rawPath) \(request.query("q") ?? "-") \(request.header("x-a") ?? "-")"
            let type = request.header("content-type") ?? "none"
            let answer = HTTPServerField("X-Type", type)
            return HTTPServerResponse(
                status: 299, headers: [answer], body: .bytes(Array("\(text) \(request.body.count)".utf8)))
        } _: { (client, engine) async throws in
            for (method, body) in [("GET", nil), ("DELETE", nil), ("POST", nil), ("PUT", 5), ("PATCH", 100_000)] {
                let bytes = body.map { [UInt8](repeating: 1, count: $0) }
                let answer = try await client.send(
                    HTTPClientRequest(method: method, path: "/a%20b/c?q=1", headers: [("X-A", "yes")], body: bytes))
                #expect(answer.status == 299)
                #expect(answer.text == "\(method) /a%20b/c 1 yes \(body ?? 0)")
                #expect(answer.header("x-type") == "none")
            }
            let typed = HTTPClientRequest(
                method: "POST", path: "/", headers: [("Content-Type", "application/json")], body: Array("{}".utf8))
            #expect(try await client.send(typed).header("X-Type") == "application/json")
            let head = try await client.send(HTTPClientRequest(method: "HEAD", path: "/"))
            #expect(head.status == 299 && head.body.isEmpty)
            #expect(engine.statistics.connectionsOpened == 1)
        }
    }

    @Test(
        "What cannot be a request is refused before anything is sent",
        arguments: [
            HTTPClientRequest(path: "no-slash"), HTTPClientRequest(path: "/a b"), HTTPClientRequest(path: "/a#b"),
            HTTPClientRequest(path: "/a\r\nHost: x"), HTTPClientRequest(method: "get", path: "/"),
            HTTPClientRequest(path: "/", headers: [("X", "1\r\nY: 2")]),
            HTTPClientRequest(path: "/", headers: [("X:", "1")]),
        ])
    func invalid(request: HTTPClientRequest) async throws {
        let engine = HTTPEngine()
        defer { engine.shutdown() }
        let client = HTTPClient(engine: engine, endpoint: try Endpoint(url: "http://127.0.0.1:1"))
        let error = await #expect(throws: HTTPClientError.self) { try await client.send(request) }
        #expect(error?.kind == .invalidRequest)
        #expect(error?.wasSent == .no)
        #expect(engine.statistics.attempts == 0)
    }

    @Test("An answer above the limit is refused, one at the limit is not")
    func tooLong() async throws {
        try await withClient { _ in
            HTTPServerResponse(status: 200, body: .bytes([UInt8](repeating: 1, count: 100_000)))
        } _: { (client, _) async throws in
            let fits = HTTPClientRequest(path: "/", maximumAnswerByteCount: 100_000)
            #expect(try await client.send(fits).body.count == 100_000)
            let error = await #expect(throws: HTTPClientError.self) {
                try await client.send(HTTPClientRequest(path: "/", maximumAnswerByteCount: 99_999))
            }
            #expect(error?.kind == .tooLong)
        }
    }

    @Test("With a limit to silence, an upload may take as long as it moves, and fails soon after it stops to")
    func progress() async throws {
        try await withServer { options in
            options.bodyLimit = 1 << 26
        } handler: { request in
            .text("\(request.body.count)")
        } _: { (server) async throws in
            try await FaultyProxy.with(to: Int(server.port)) { proxy in
                let engine = HTTPEngine()
                defer { engine.shutdown() }
                let client = HTTPClient(engine: engine, endpoint: try Endpoint(url: "http://127.0.0.1:\(proxy.port)"))
                let body = [UInt8](repeating: 1, count: 20 << 20)
                var request = HTTPClientRequest(
                    method: "PUT", path: "/", body: body, timeout: .seconds(1), idleTimeout: .seconds(10),
                    awaitsPermission: true)
                // Slow enough to outlast the time-out by far, and never silent for long.
                proxy.set(.slow(bytesPerSecond: 8 << 20))
                let start = ContinuousClock.now
                #expect(try await client.send(request).text == "\(body.count)\n")
                #expect(.now - start > .seconds(1.5))
                proxy.set(.hang(afterBytes: 5 << 20))
                request.isIdempotent = false
                request.idleTimeout = .seconds(1)
                let hung = ContinuousClock.now
                let error = await #expect(throws: HTTPClientError.self) { try await client.send(request) }
                #expect(error?.kind == .deadlineExceeded && error?.isRetryable == false)
                #expect(.now - hung < .seconds(40))
            }
        }
    }

    @Test("A streamed answer is read while it is written, and ends with it")
    func streaming() async throws {
        try await withClient { _ in
            let stream = HTTPServerStream { writer in
                for index in 0..<200 {
                    try? await writer.write(Array("line \(index)\n".utf8))
                }
                return .finished
            }
            return HTTPServerResponse(status: 200, body: .stream(stream))
        } _: { (client, engine) async throws in
            let stream = try await client.stream(HTTPClientRequest(path: "/"))
            #expect(stream.status == 200)
            var text: [UInt8] = []
            for try await chunk in stream {
                text += chunk
            }
            #expect(String(decoding: text, as: UTF8.self) == (0..<200).map { "line \($0)\n" }.joined())
            try await eventually("its connection is closed") { engine.statistics.openConnections == 0 }
        }
    }

    @Test("A stream that is let go, cancelled or silent ends on both sides")
    func endedStreams() async throws {
        try await withServer { options in
            options.clientCheckInterval = .milliseconds(50)
        } handler: { _ in
            let stream = HTTPServerStream { writer in
                try? await writer.write([1])
                while !Task.isCancelled {
                    try? await Task.sleep(for: .milliseconds(10))
                }
                return .finished
            }
            return HTTPServerResponse(status: 200, body: .stream(stream))
        } _: { (server) async throws in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let client = HTTPClient(engine: engine, endpoint: try Endpoint(url: "http://127.0.0.1:\(server.port)"))
            let request = HTTPClientRequest(path: "/", idleTimeout: .seconds(60))
            for try await chunk in try await client.stream(request) {
                #expect(chunk == [1])
                break
            }
            let cancelled = try await client.stream(request)
            cancelled.cancel()
            await #expect(throws: HTTPClientError.self) { for try await _ in cancelled {} }
            let silent = try await client.stream(HTTPClientRequest(path: "/", idleTimeout: .seconds(5)))
            let error = await #expect(throws: HTTPClientError.self) { for try await _ in silent {} }
            #expect(error?.kind == .deadlineExceeded)
            try await eventually("all connections are closed") { engine.statistics.openConnections == 0 }
            try await eventually("the server has noticed") { server.openRequests == 0 }
        }
    }

    @Test("A reset POST is not sent again, a reset GET is, once")
    func resets() async throws {
        try await withServer { _ in
        } handler: { request in
            .text(request.method)
        } _: { (server) async throws in
            try await FaultProxy.with(to: Int(server.port)) { proxy in
                let engine = HTTPEngine()
                defer { engine.shutdown() }
                let client = HTTPClient(engine: engine, endpoint: try Endpoint(url: "http://127.0.0.1:\(proxy.port)"))
                for method in ["POST", "GET"] {
                    _ = try await client.send(HTTPClientRequest(path: "/"))
                    let before = proxy.swallowed
                    proxy.set(.holdRequests)
                    async let second = client.send(HTTPClientRequest(method: method, path: "/"))
                    try await eventually("the request is swallowed") { proxy.swallowed > before }
                    try await proxy.resetConnections()
                    if method == "GET" {
                        #expect(try await second.text == "GET\n")
                        continue
                    }
                    do {
                        _ = try await second
                        Issue.record("The request was swallowed.")
                    } catch let error as HTTPClientError {
                        #expect(error.kind == .unavailable)
                        #expect(error.wasSent == .unknown)
                        #expect(!error.isRetryable)
                    }
                }
                #expect(engine.statistics.repeats == 1)
            }
        }
    }

    @Test("HTTP/1.1 requests and gRPC calls to one port of etcd do not disturb each other")
    func besideGRPC() async throws {
        try await withRealEtcd { etcd in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let endpoint = try Endpoint(url: etcd.endpoints[0])
            let http = HTTPClient(engine: engine, endpoint: endpoint)
            let channel = GRPCChannel(engine: engine, endpoint: endpoint)
            for _ in 0..<20 {
                #expect(try await http.send(HTTPClientRequest(path: "/version")).text.contains("3.4"))
                #expect(try await http.send(HTTPClientRequest(path: "/health")).text.contains("true"))
                _ = try await channel.call(EtcdWire.put, EtcdWire.putRequest("k", [1]))
            }
            #expect(try await http.send(HTTPClientRequest(path: "/metrics")).text.contains("etcd_server_has_leader"))
            #expect(try await http.send(HTTPClientRequest(path: "/nothing")).status == 404)
            #expect(engine.statistics.connectionsOpened == 2)
            #expect(engine.statistics.openConnections == 2)
            http.close()
            try await eventually("a later request finds its connection closed") {
                _ = try await channel.call(EtcdWire.put, EtcdWire.putRequest("k", [1]))
                _ = try await http.send(HTTPClientRequest(path: "/version"))
                return engine.statistics.connectionsOpened == 3
            }
        }
    }

    @Test("A gRPC call to a server of another kind says that there is no gRPC server", arguments: [false, true])
    func notGRPC(tls: Bool) async throws {
        let fixture = tls ? try TLSFixture() : nil
        try await withServer { options in
            options.tls = fixture?.http
        } handler: { _ in
            .text("hello")
        } _: { (server) async throws in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let scheme = tls ? "https" : "http"
            let endpoint = try Endpoint(url: "\(scheme)://127.0.0.1:\(server.port)", tls: fixture?.client)
            let error = await GRPCChannel(engine: engine, endpoint: endpoint).attempt(EtcdWire.status, []).failure
            #expect(error?.isTransport == true)
            let sentence = tls ? "no gRPC server there: it answered HTTP/1.1 200" : "another protocol"
            #expect(error?.message.contains(sentence) == true, "\(error?.description ?? "it worked")")
        }
    }

    @Test("A probe tells an open port from a closed one")
    func probe() async throws {
        // Nobody accepts, so all probes stay in the backlog.
        let (listener, port) = try TestSocket.listen(backlog: 1024)
        defer { TestSocket.reset(listener) }
        let engine = HTTPEngine()
        defer { engine.shutdown() }
        for host in ["127.0.0.1", "localhost"] {
            let time = try await TCPProbe.connect(host: host, port: port, timeout: .seconds(20), on: engine)
            #expect(time > .zero && time < .seconds(20))
        }
        let closed = try FreePort.next()
        let error = await #expect(throws: HTTPClientError.self) {
            try await TCPProbe.connect(host: "127.0.0.1", port: closed, timeout: .seconds(20), on: engine)
        }
        #expect(error?.kind == .unavailable)
        #expect(error?.message.contains("nothing listens there") == true)
        let unknown = await #expect(throws: HTTPClientError.self) {
            try await TCPProbe.connect(host: "host.invalid", port: closed, timeout: .seconds(20), on: engine)
        }
        #expect(unknown?.kind == .unavailable || unknown?.kind == .deadlineExceeded)
        // Other suites of the process open some at the same time; a leak here would open 600.
        let descriptors = ProcessFigures.descriptorCount
        for _ in 0..<600 {
            _ = try await TCPProbe.connect(host: "127.0.0.1", port: port, timeout: .seconds(20), on: engine)
        }
        #expect(ProcessFigures.descriptorCount < descriptors + 500)
    }
}
