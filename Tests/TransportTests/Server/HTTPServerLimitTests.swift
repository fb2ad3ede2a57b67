import Synchronization
import TestSupport
import Testing
import Transport

/// Clients that take too long, send too much or come too often.
@Suite(.timeLimit(.minutes(5)))
struct HTTPServerLimitTests {
    @Test(
        "A head that trickles in is cut off, however steadily it comes",
        arguments: ["GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", "G", ""])
    func slowHead(start: String) async throws {
        try await withServer { options in
            options.headTimeout = .milliseconds(600)
        } handler: {
            await echo($0)
        } _: { server in
            let client = try RawClient(port: server.port)
            client.send(start)
            try await eventually("the server closes", poll: .milliseconds(50)) {
                client.send("a")
                return client.isClosed
            }
        }
    }

    @Test("A body that trickles in is cut off, and one that comes in time is taken")
    func slowBody() async throws {
        try await withServer { options in
            options.bodyTimeout = .milliseconds(600)
        } handler: {
            await echo($0)
        } _: { server in
            let slow = try RawClient(port: server.port)
            slow.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
            try await eventually("the server closes", poll: .milliseconds(50)) {
                slow.send("a")
                return slow.isClosed
            }
            let quick = try RawClient(port: server.port)
            quick.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
            #expect(try await quick.read { $0.contains("\n\n") || $0.hasSuffix("-\n") }.contains("POST [] {} 3"))
        }
    }

    @Test("A connection is cut that takes too long for its second request, and not while it waits for an answer")
    func laterRequests() async throws {
        try await withServer { options in
            options.headTimeout = .milliseconds(300)
            options.bodyTimeout = .milliseconds(300)
            options.idleTimeout = .seconds(1)
        } handler: { request in
            // Longer than all three limits: what is waited for is the server.
            if request.path == ["slow"] { try? await Task.sleep(for: .seconds(2)) }
            return await echo(request)
        } _: { server in
            let client = try RawClient(port: server.port)
            client.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await client.read { $0.contains("[slow]") }.contains("200 OK"))
            client.send("GET / HT")
            try await eventually("the server closes", poll: .milliseconds(50)) {
                client.send("X")
                return client.isClosed
            }
        }
    }

    @Test("One address has so many connections and no more, and gets new ones when it closes some")
    func connections() async throws {
        try await withServer { options in
            options.connectionsPerAddress = 3
            options.sparesLoopback = false
        } handler: {
            await echo($0)
        } _: { server in
            var clients = try (0..<3).map { _ in try RawClient(port: server.port) }
            for client in clients {
                client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(try await client.read { $0.contains("GET []") }.contains("200 OK"))
            }
            let fourth = try RawClient(port: server.port)
            fourth.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            try await eventually("the fourth is closed unanswered") { fourth.isClosed }
            clients.removeLast().close()
            try await eventually("there is room for another one") {
                let next = try RawClient(port: server.port)
                next.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                return try await next.read { $0.contains("GET []") }.contains("200 OK")
            }
        }
    }

    @Test("Connections from this machine are not counted unless they are to be")
    func loopback() async throws {
        try await withServer { options in
            options.connectionsPerAddress = 1
        } handler: {
            await echo($0)
        } _: { server in
            let clients = try (0..<5).map { _ in try RawClient(port: server.port) }
            for client in clients {
                client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(try await client.read { $0.contains("GET []") }.contains("200 OK"))
            }
        }
    }

    @Test("Bodies of all requests together have a limit, and it is given back")
    func bodyMemory() async throws {
        try await withServer { options in
            options.bodyMemory = 100_000
            options.refusal = { status, reason in .text("refused: \(reason)", status: status) }
        } handler: {
            await echo($0)
        } _: { server in
            let holder = try RawClient(port: server.port)
            holder.send(
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 90001\r\n\r\n" + String(repeating: "a", count: 90_000))
            let body = String(repeating: "b", count: 50_000)
            try await eventually("a second body finds no room") {
                let answer = try await curl(["-d", body, "-H", "Expect:", "http://127.0.0.1:\(server.port)/"])
                return answer.output.contains("refused: the server holds as many request bodies as it can")
            }
            holder.close()
            try await eventually("there is room again") {
                try await curl(["-d", body, "-H", "Expect:", "http://127.0.0.1:\(server.port)/"]).output.contains(
                    "POST [] {} 50000")
            }
        }
    }

    @Test("What never reaches the handler is answered in the server's own words")
    func words() async throws {
        try await withServer { options in
            options.bodyLimit = 1_000
            options.refusal = { status, reason in .text("{\(status): \(reason)}", status: status) }
        } handler: {
            await echo($0)
        } _: { server in
            let url = "http://127.0.0.1:\(server.port)/"
            let large = try await curl(["-d", String(repeating: "a", count: 2_000), "-w", "%{http_code}", url])
            #expect(large.output == "{413: the request body is larger than 1000 bytes}\n413")
            #expect(try await curl(["-w", "%{http_code}", "\(url)%ff"]).output.hasSuffix("400"))
        }
    }

    @Test("A request knows the address it comes from")
    func address() async throws {
        for (listen, expected) in [("127.0.0.1", "127.0.0.1 7f000001"), ("::1", "::1 0000000000000000")] {
            try await withServer { options in
                options.address = listen
            } handler: { request in
                .text("\(request.client.address) \(request.client.network)")
            } _: { server in
                let host = listen.contains(":") ? "[\(listen)]" : listen
                let answer = try await curl(["http://\(host):\(server.port)/"])
                #expect(answer.output == expected + "\n")
            }
        }
    }
}
