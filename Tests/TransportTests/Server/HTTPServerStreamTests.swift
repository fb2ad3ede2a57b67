import Crypto
import Glibc
import Synchronization
import TestSupport
import Testing
import Transport

/// Streamed answers: order, quiet times, slow and vanished clients, many at once, and the end.
@Suite(.timeLimit(.minutes(5)))
struct HTTPServerStreamTests {
    @Test("What is written goes out at once, in order, and the end is an end")
    func pieces() async throws {
        let more = AsyncStream.makeStream(of: String.self)
        try await withServer { _ in
        } handler: { _ in
            streaming { writer in
                for await piece in more.stream {
                    try await writer.write(Array(piece.utf8))
                }
            }
        } _: { server in
            let client = try RawClient(port: server.port)
            client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            more.continuation.yield("first")
            #expect(try await client.read { $0.hasSuffix("first\r\n") }.contains("Transfer-Encoding: chunked"))
            for index in 0..<5 {
                more.continuation.yield("piece \(index)")
                #expect(try await client.read { $0.hasSuffix("\r\n") } == "7\r\npiece \(index)\r\n")
            }
            more.continuation.finish()
            #expect(try await client.read { $0.hasSuffix("\r\n\r\n") } == "0\r\n\r\n")
            client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(try await client.read().hasSuffix("0\r\n\r\n"), "the connection serves another request")
        }
    }

    @Test("A large stream comes out as it went in, with TLS and without", arguments: [true, false])
    func large(encrypted: Bool) async throws {
        let authority = try CertificateAuthority(commonName: "ca", lifetime: .seconds(600))
        let issued = try authority.issueServerCertificate(
            commonName: "s", hosts: ["127.0.0.1"], lifetime: .seconds(600))
        let pieces = (0..<2_000).map { index in (0..<index).map { UInt8(truncatingIfNeeded: $0 &* index) } }
        let directory = try TemporaryDirectory("stream")
        try await withServer { options in
            if encrypted {
                options.tls = .init(certificatePEM: issued.certificatePEM, privateKeyPEM: issued.privateKeyPEM)
            }
        } handler: { _ in
            streaming(queueLimit: 10_000) { writer in
                for piece in pieces {
                    try await writer.write(piece)
                }
            }
        } _: { server in
            let scheme = encrypted ? "https" : "http"
            let file = directory.file("received")
            let answer = try await curl(["-k", "-o", file, "\(scheme)://127.0.0.1:\(server.port)/"])
            #expect(answer.status == 0)
            let sum = try await ChildProcess.run("/usr/bin/sha256sum", [file])
            #expect(sum.output.hasPrefix(Hex.encode(SHA256.hash(Array(pieces.joined())))))
        }
    }

    @Test("500 clients at once each get everything, and nothing is left when they go")
    func manyClients() async throws {
        let board = Board()
        try await withServer { _ in
        } handler: { _ in
            streaming { writer in try await board.forward(to: writer) }
        } _: { server in
            let clients = try (0..<500).map { _ in try RawClient(port: server.port) }
            for client in clients {
                client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            }
            try await eventually("all are subscribed") { board.count == 500 }
            for index in 0..<10 {
                board.publish("event \(index)")
            }
            for client in clients {
                let text = try await client.read { $0.contains("event 9") }
                let events = text.split(separator: "\r\n").filter { $0.hasPrefix("event") }.map(String.init)
                #expect(events.joined() == (0..<10).map { "event \($0)" }.joined())
            }
            for (index, client) in clients.enumerated() {
                client.close(reset: index.isMultiple(of: 2))
            }
            try await eventually("all streams have ended") { board.count == 0 && server.openRequests == 0 }
            try await eventually("all sockets are closed") { try heldSockets(port: server.port) == 1 }
        }
    }

    @Test("A client that leaves a silent stream is noticed without any heartbeat", arguments: [true, false])
    func vanishedClient(reset: Bool) async throws {
        let reason = Mutex<HTTPStreamEnded?>(nil)
        try await withServer { _ in
        } handler: { _ in
            streaming { writer in
                try await writer.write([UInt8(ascii: "x")])
                for await _ in AsyncStream<Void>.makeStream().stream {}
                reason.withLock { reason in
                    do throws(HTTPStreamEnded) {
                        try writer.offer([UInt8(ascii: "y")])
                    } catch {
                        reason = error
                    }
                }
            }
        } _: { server in
            let client = try RawClient(port: server.port)
            client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try await client.read { $0.hasSuffix("x\r\n") }
            client.close(reset: reset)
            try await eventually("the producer was told") { reason.withLock { $0 } == .clientLeft }
            try await eventually("nothing is left") { server.openRequests == 0 }
        }
    }

    @Test("A quiet stream sends heartbeats")
    func heartbeats() async throws {
        try await withServer { options in
            options.clientCheckInterval = .milliseconds(5)
            options.checksPerHeartbeat = 3
        } handler: { _ in
            streaming(heartbeat: [UInt8(ascii: "\n")]) { _ in
                for await _ in AsyncStream<Void>.makeStream().stream {}
            }
        } _: { server in
            let client = try RawClient(port: server.port)
            client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            let text = try await client.read { $0.hasSuffix("1\r\n\n\r\n1\r\n\n\r\n1\r\n\n\r\n") }
            #expect(!text.isEmpty)
        }
    }

    @Test("A client that does not read is cut when its queue overflows; others are not disturbed")
    func slowClientIsCut() async throws {
        let ended = Mutex<[String: HTTPStreamEnded]>([:])
        let piece = [UInt8](repeating: UInt8(ascii: "p"), count: 10_000)
        try await withServer { _ in
        } handler: { request in
            streaming(queueLimit: 100_000) { writer in
                do throws(HTTPStreamEnded) {
                    // Far more than the queue and the kernel's buffers take, as fast as the reader of the test reads.
                    for _ in 0..<2_000 {
                        if request.path == ["slow"] {
                            try writer.offer(piece)
                        } else {
                            try await writer.write(piece)
                        }
                    }
                } catch {
                    ended.withLock { $0[request.path.joined()] = error }
                }
            }
        } _: { server in
            let slow = try RawClient(port: server.port)
            slow.shrinkReceiveBuffer()
            slow.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            try await eventually("the slow client was cut") { ended.withLock { $0["slow"] } == .clientTooSlow }
            try await eventually("its request is forgotten") { server.openRequests == 0 }
            let good = try await curl(["-o", "/dev/null", "-w", "%{size_download}", "http://127.0.0.1:\(server.port)/"])
            #expect(good.output == "20000000")
            #expect(ended.withLock { $0[""] } == nil)
        }
    }

    @Test("A writer that waits for a client that never reads is released by the idle timeout")
    func stuckClient() async throws {
        let reason = Mutex<HTTPStreamEnded?>(nil)
        try await withServer { options in
            options.idleTimeout = .seconds(1)
        } handler: { _ in
            streaming(queueLimit: 10_000) { writer in
                do throws(HTTPStreamEnded) {
                    while true {
                        try await writer.write([UInt8](repeating: 0, count: 10_000))
                    }
                } catch {
                    reason.withLock { $0 = error }
                }
            }
        } _: { server in
            let client = try RawClient(port: server.port)
            client.shrinkReceiveBuffer()
            client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            try await eventually("the writer was released") { reason.withLock { $0 } == .clientLeft }
        }
    }

    @Test("Stopping ends open streams in good order and leaves no socket")
    func stop() async throws {
        let board = Board()
        let (port, clients) = try await withServer { _ in
        } handler: { _ in
            streaming { writer in try await board.forward(to: writer) }
        } _: { server in
            let clients = try (0..<100).map { _ in try RawClient(port: server.port) }
            for client in clients {
                client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            }
            try await eventually("all are subscribed") { board.count == 100 }
            board.publish("words")
            for client in clients {
                _ = try await client.read { $0.hasSuffix("words\r\n") }
            }
            return (server.port, clients)
        }
        for client in clients {
            #expect(try await client.read() == "0\r\n\r\n")
        }
        #expect(board.count == 0)
        try await eventually("the sockets are closed") { try heldSockets(port: port) == 0 }
    }

    @Test("A cancelled writer stops waiting")
    func cancelledWriter() async throws {
        let reason = Ending()
        try await withServer { _ in
        } handler: { _ in
            streaming(queueLimit: 1_000) { writer in
                await withTaskGroup { group in
                    group.addTask {
                        do throws(HTTPStreamEnded) {
                            while true {
                                try await writer.write([UInt8](repeating: 0, count: 100_000))
                            }
                        } catch {
                            reason.value.withLock { $0 = error }
                        }
                    }
                    group.cancelAll()
                }
            }
        } _: { server in
            let client = try RawClient(port: server.port)
            client.shrinkReceiveBuffer()
            client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            try await eventually("the writer was released") { reason.value.withLock { $0 } == .cancelled }
        }
    }
}

/// Why a stream ended, told by a nested task.
private final class Ending: Sendable {
    let value = Mutex<HTTPStreamEnded?>(nil)
}

/// A streamed answer whose producer may simply throw when the stream ends.
private func streaming(
    queueLimit: Int = 256 * 1_024, heartbeat: [UInt8] = [],
    _ produce: @escaping @Sendable (HTTPStreamWriter) async throws -> Void
) -> HTTPServerResponse {
    HTTPServerResponse(
        status: 200, headers: [HTTPServerField("Content-Type", "text/plain")],
        body: .stream(
            HTTPServerStream(queueLimit: queueLimit, heartbeat: heartbeat) { writer in
                // The only errors here say that the stream has ended, and then there is nothing left to do.
                try? await produce(writer)
                return .finished
            }))
}

/// Sends every message to all who listen at that moment.
private final class Board: Sendable {
    private let listeners = Mutex<[Int: AsyncStream<String>.Continuation]>([:])

    var count: Int { listeners.withLock(\.count) }

    func publish(_ message: String) {
        for listener in listeners.withLock({ Array($0.values) }) {
            listener.yield(message)
        }
    }

    func forward(to writer: HTTPStreamWriter) async throws {
        let (messages, continuation) = AsyncStream.makeStream(of: String.self)
        let number = listeners.withLock { listeners in
            let number = (listeners.keys.max() ?? 0) + 1
            listeners[number] = continuation
            return number
        }
        defer { listeners.withLock { $0[number] = nil } }
        for await message in messages {
            try writer.offer(Array(message.utf8))
        }
    }
}
