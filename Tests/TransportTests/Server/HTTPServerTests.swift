import Crypto
import Glibc
import Synchronization
import TestSupport
import Testing
import Transport

/// Plain requests and answers, over curl and raw sockets.
@Suite(.timeLimit(.minutes(5)))
struct HTTPServerTests {
    @Test("A request arrives as it was sent, and its answer comes back")
    func echoes() async throws {
        try await withServer(handler: echo) { (server) async throws in
            let base = "http://127.0.0.1:\(server.port)"
            let get = try await curl(["-H", "X-Test: yes", "\(base)/a/b%2Fc//%C3%A4/?q=1+2%2B3&empty&x=%20&q=4"])
            #expect(get.output == "GET [a|b/c|ä] {q=1 2+3&empty=&x= &q=4} 0 yes\n")
            let post = try await curl(["-X", "PATCH", "--data-binary", "hello", base])
            #expect(post.output == "PATCH [] {} 5 -\n")
            let head = try await curl(["-I", "\(base)/x"])
            #expect(head.output.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(head.output.contains("Content-Length: 16\r\n"))
        }
    }

    @Test("A body up to the limit arrives whole, whether its length is announced or not", arguments: [true, false])
    func bodies(chunked: Bool) async throws {
        let directory = try TemporaryDirectory("upload")
        let text = String(repeating: "0123456789abcdef", count: 65_536)
        try writeTextFile(directory.file("body"), text)
        let seen = Mutex<[UInt8]>([])
        try await withServer { options in
            options.bodyLimit = text.utf8.count
        } handler: { request in
            seen.withLock { $0 = request.body }
            return .text("ok")
        } _: { (server) async throws in
            let chunks = chunked ? ["-H", "Transfer-Encoding: chunked"] : []
            let answer = try await curl(
                chunks + ["--data-binary", "@\(directory.file("body"))", "http://127.0.0.1:\(server.port)/"])
            #expect(answer.output == "ok\n")
            #expect(seen.withLock { $0 == Array(text.utf8) })
        }
    }

    @Test("A body beyond the limit is answered 413 and never reaches the handler", arguments: [true, false], [2, 40])
    func tooLarge(chunked: Bool, factor: Int) async throws {
        let directory = try TemporaryDirectory("upload")
        try writeTextFile(directory.file("body"), String(repeating: "x", count: 10_000 * factor))
        let calls = Mutex(0)
        try await withServer { options in
            options.bodyLimit = 10_000
        } handler: { request in
            calls.withLock { $0 += 1 }
            return await echo(request)
        } _: { (server) async throws in
            let base = "http://127.0.0.1:\(server.port)/"
            let chunks = chunked ? ["-H", "Transfer-Encoding: chunked"] : []
            let answer = try await curl(
                chunks + ["-w", "%{http_code}", "-o", "/dev/null", "--data-binary", "@\(directory.file("body"))", base])
            // A client that goes on far beyond the limit without saying so beforehand is cut instead.
            #expect(answer.output == (chunked && factor > 4 ? "000" : "413"))
            #expect(calls.withLock { $0 } == 0)
            #expect(try await curl([base]).output.hasPrefix("GET"))
        }
    }

    @Test(
        "What is not HTTP is refused or cut, and the server goes on",
        arguments: [
            "hello\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: banana\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /%ff HTTP/1.1\r\nHost: x\r\n\r\n", "GET /?a=%f HTTP/1.1\r\nHost: x\r\n\r\n",
            "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}",
        ])
    func malformed(text: String) async throws {
        try await withServer { options in
            options.idleTimeout = .seconds(1)
        } handler: { request in
            await echo(request)
        } _: { (server) async throws in
            let client = try RawClient(port: server.port)
            client.send(text)
            let answer = try await client.read { $0.contains("\r\n\r\n") }
            let refusals = ["HTTP/1.1 4", "HTTP/1.0 4", "HTTP/1.1 505"]
            #expect(answer.isEmpty || refusals.contains { answer.hasPrefix($0) }, "\(answer)")
            client.close()
            #expect(try await curl(["http://127.0.0.1:\(server.port)/"]).output.hasPrefix("GET"))
            try await eventually("nothing is left open") { server.openRequests == 0 }
        }
    }

    @Test("A head of 4 KB is read, be it a long path or many headers", arguments: [(0, 3_800), (40, 20)])
    func largeHead(headers: Int, path: Int) async throws {
        try await withServer(handler: echo) { (server) async throws in
            let client = try RawClient(port: server.port)
            let long = String(repeating: "y", count: path)
            let more = (0..<headers).map { "X-Header-\($0): some value of it\r\n" }.joined()
            client.send("GET /\(long) HTTP/1.1\r\nHost: x\r\n\(more)X-Long: \(long.prefix(200))\r\n\r\n")
            let answer = try await client.read { $0.contains("\r\n\r\n") }
            #expect(answer.hasPrefix("HTTP/1.1 200"), "\(answer.prefix(100))")
        }
    }

    @Test(
        "Headers or a path beyond the connection's memory are refused", arguments: [(9_000, 0), (0, 9_000), (5_000, 0)])
    func oversizedHead(header: Int, path: Int) async throws {
        try await withServer(handler: echo) { (server) async throws in
            let client = try RawClient(port: server.port)
            let long = { String(repeating: "y", count: $0) }
            client.send("GET /\(long(path)) HTTP/1.1\r\nHost: x\r\nX-Long: \(long(header))\r\n\r\n")
            let answer = try await client.read { $0.contains("\r\n\r\n") }
            #expect(answer.hasPrefix("HTTP/1.1 431") || answer.hasPrefix("HTTP/1.1 414"), "\(answer.prefix(100))")
        }
    }

    @Test(
        "However close a head comes to the connection's memory, it is answered or refused, and soon",
        arguments: [(0, 0), (0, 1), (0, 20), (0, 60), (5, 5), (60, 0)], [false, true])
    func brink(head: (headers: Int, items: Int), isEncrypted: Bool) async throws {
        let (headers, items) = head
        let authority = try CertificateAuthority(commonName: "brink", lifetime: .seconds(3600))
        let issued = try authority.issueServerCertificate(
            commonName: "brink", hosts: ["127.0.0.1"], lifetime: .seconds(3600))
        try await withServer { options in
            guard isEncrypted else { return }
            options.tls = .init(certificatePEM: issued.certificatePEM, privateKeyPEM: issued.privateKeyPEM)
        } handler: {
            await echo($0)
        } _: { (server) async throws in
            var addresses: [String] = []
            for size in stride(from: 1_000, through: 7_000, by: isEncrypted ? 200 : 50) {
                let item = String(repeating: "y", count: max(1, size / max(1, items)))
                let query = (0..<max(1, items)).map { "i\($0)=\(item)" }.joined(separator: "&")
                addresses.append("\(isEncrypted ? "https" : "http")://127.0.0.1:\(server.port)/?\(query)")
            }
            let fields = (0..<headers).flatMap { ["-H", "X-Header-\($0): some value of it"] }
            let output = try await curl(
                ["-k", "--max-time", "10", "-H", "Connection: close", "-w", "\n<%{http_code}>\n", "-o", "/dev/null"]
                    + fields + addresses.dropFirst().flatMap { [$0, "-o", "/dev/null"] } + [addresses[0]])
            let codes = output.output.split(separator: "\n").filter { $0.hasPrefix("<") }
            #expect(codes.count == addresses.count)
            #expect(codes.allSatisfy { ["<200>", "<400>", "<414>", "<431>"].contains($0) }, "\(codes)")
        }
    }

    @Test("Requests on one connection are answered one after the other, also when they come at once")
    func pipelining() async throws {
        try await withServer(handler: echo) { (server) async throws in
            let client = try RawClient(port: server.port)
            client.send((1...20).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined())
            let answer = try await client.read { $0.contains("[20]") }
            let order = answer.split(separator: "\r\n\r\n").dropFirst().map { $0.prefix { $0 != "\n" } }
            #expect(order.map(String.init) == (1...20).map { "GET [\($0)] {} 0 -" })
        }
    }

    @Test("A header value cannot smuggle in another header")
    func headerInjection() async throws {
        try await withServer { _ in
        } handler: { _ in
            HTTPServerResponse(status: 200, headers: [HTTPServerField("Warning", "a\r\nX-Evil: 1\tb")])
        } _: { (server) async throws in
            let answer = try await curl(["-i", "http://127.0.0.1:\(server.port)/"])
            #expect(answer.output.contains("Warning: a  X-Evil: 1 b\r\n"), "\(answer.output)")
        }
    }

    @Test("A client that stops in the middle of its request is cut after the idle timeout")
    func slowRequest() async throws {
        try await withServer { options in
            options.idleTimeout = .seconds(1)
        } handler: { request in
            await echo(request)
        } _: { (server) async throws in
            let client = try RawClient(port: server.port)
            client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
            let answer = try await client.read(timeout: .seconds(5))
            #expect(answer == "")
            try await eventually("the request is forgotten") { server.openRequests == 0 }
        }
    }

    @Test("Aborted uploads leave nothing behind", arguments: [true, false])
    func abortedUploads(reset: Bool) async throws {
        try await withServer(handler: echo) { (server) async throws in
            for _ in 0..<50 {
                let client = try RawClient(port: server.port)
                client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf")
                client.close(reset: reset)
            }
            try await eventually("their sockets are closed") { try heldSockets(port: server.port) == 1 }
        }
    }

    @Test("A handler is cancelled when its client leaves")
    func clientLeaves() async throws {
        let cancelled = Mutex(false)
        try await withServer { _ in
        } handler: { _ in
            do {
                try await Task.sleep(for: .seconds(60))
            } catch {
                cancelled.withLock { $0 = true }
            }
            return .text("too late")
        } _: { (server) async throws in
            let client = try RawClient(port: server.port)
            client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            try await eventually("the handler runs") { server.openRequests == 1 }
            client.close()
            try await eventually("the handler was cancelled") { cancelled.withLock { $0 } }
            try await eventually("the request is forgotten") { server.openRequests == 0 }
        }
    }

    @Test("200 requests at once are all answered, each with its own answer")
    func concurrentRequests() async throws {
        try await withServer { _ in
        } handler: { request in
            await Task.yield()
            return await echo(request)
        } _: { (server) async throws in
            let clients = try (0..<200).map { _ in try RawClient(port: server.port) }
            for (index, client) in clients.enumerated() {
                client.send("GET /\(index) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            }
            for (index, client) in clients.enumerated() {
                #expect(try await client.read().hasSuffix("GET [\(index)] {} 0 -\n"))
            }
        }
    }
}
