import Glibc
import Synchronization
import TestSupport
import Testing
import Transport

/// Streams whose producers have returned and left them open.
@Suite(.timeLimit(.minutes(5)))
struct IdleStreamTests {
    /// An idle stream as its owner sees it.
    private final class Owner: Sendable {
        struct State {
            var writer: HTTPStreamWriter?
            var calls = 0
            var closings = 0
        }
        let state = Mutex(State())

        var calls: Int { state.withLock(\.calls) }
        var closings: Int { state.withLock(\.closings) }
        var writer: HTTPStreamWriter? { state.withLock(\.writer) }

        /// A stream that says how often its producer was called, and is idle then.
        func stream(queueLimit: Int = 10_000) -> HTTPServerResponse {
            HTTPServerResponse(
                status: 200,
                body: .stream(
                    HTTPServerStream(queueLimit: queueLimit, closed: { self.state.withLock { $0.closings += 1 } }) {
                        writer in
                        let call = self.state.withLock { state in
                            state.calls += 1
                            state.writer = writer
                            return state.calls
                        }
                        do {
                            try await writer.write(Array("call \(call);".utf8))
                        } catch {
                            return .finished
                        }
                        return .idle
                    }))
        }
    }

    private static func open(_ server: HTTPServer) throws -> RawClient {
        let client = try RawClient(port: server.port)
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        return client
    }

    @Test("An idle stream is written to from outside, goes on by itself when asked, and is ended from outside")
    func life() async throws {
        let owner = Owner()
        try await withServer { _ in
        } handler: { _ in
            owner.stream()
        } _: { server in
            let client = try Self.open(server)
            _ = try await client.read { $0.hasSuffix("call 1;\r\n") }
            let writer = try #require(owner.writer)
            #expect(try writer.tryWrite(Array("outside".utf8)))
            #expect(try await client.read { $0.hasSuffix("\r\n") } == "7\r\noutside\r\n")
            for call in 2..<6 {
                writer.proceed()
                #expect(try await client.read { $0.hasSuffix("\r\n") } == "7\r\ncall \(call);\r\n")
            }
            #expect(owner.closings == 0)
            writer.end()
            #expect(try await client.read { $0.hasSuffix("\r\n\r\n") } == "0\r\n\r\n")
            try await eventually("it is closed") { owner.closings == 1 && server.openRequests == 0 }
            writer.proceed()
            #expect(throws: HTTPStreamEnded.self) { try writer.tryWrite([1]) }
            #expect(owner.calls == 5)
        }
        #expect(owner.closings == 1)
    }

    @Test("What has no room in an idle stream is not added, and not a part of it")
    func noRoom() async throws {
        let owner = Owner()
        try await withServer { _ in
        } handler: { _ in
            owner.stream()
        } _: { server in
            let client = try Self.open(server)
            client.shrinkReceiveBuffer()
            _ = try await client.read { $0.hasSuffix("call 1;\r\n") }
            let writer = try #require(owner.writer)
            var written = 0
            // More than the queue and the kernel's buffers take.
            while written < 5_000, try writer.tryWrite([UInt8](repeating: UInt8(ascii: "x"), count: 9_000)) {
                written += 1
            }
            #expect(written < 5_000)
            // The producer waits for the room that is missing.
            writer.proceed()
            let text = try await client.read { $0.hasSuffix("call 2;\r\n") }
            #expect(text.filter { $0 == "x" }.count == written * 9_000)
        }
        #expect(owner.closings == 1)
    }

    @Test("A client that leaves an idle stream is noticed", arguments: [true, false])
    func vanished(reset: Bool) async throws {
        let owner = Owner()
        try await withServer { options in
            options.clientCheckInterval = .milliseconds(50)
        } handler: { _ in
            owner.stream()
        } _: { server in
            let client = try Self.open(server)
            _ = try await client.read { $0.hasSuffix("call 1;\r\n") }
            client.close(reset: reset)
            try await eventually("it is closed") { owner.closings == 1 && server.openRequests == 0 }
        }
        #expect(owner.closings == 1 && owner.calls == 1)
    }

    @Test("Idle streams end in good order when the server stops")
    func stop() async throws {
        let owner = Owner()
        let clients = try await withServer { _ in
        } handler: { _ in
            owner.stream()
        } _: { server in
            let clients = try (0..<50).map { _ in try Self.open(server) }
            for client in clients { _ = try await client.read { $0.hasSuffix(";\r\n") } }
            return clients
        }
        for client in clients {
            #expect(try await client.read() == "0\r\n\r\n")
        }
        #expect(owner.closings == 50)
    }
}
