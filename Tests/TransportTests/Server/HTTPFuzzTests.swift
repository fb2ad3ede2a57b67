import TestSupport
import Testing
import Transport

/// Bytes that are hardly HTTP: each connection gets an answer or its end, and the server goes on.
@Suite(.timeLimit(.minutes(15)))
struct HTTPFuzzTests {
    private static let templates = [
        "GET /a/b?c=d&e HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"a\":[1,2]}",
        "PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "DELETE /%61%20 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "PATCH / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
        "OPTIONS * HTTP/1.1\r\nHost: x\r\nCookie: a=b; c\r\nAuthorization: Bearer x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ]

    @Test("Broken requests get an answer or the end of their connection")
    func brokenRequests() async throws {
        var random = SeededRandom(seed: Soak.seed("broken HTTP requests"))
        let requests = (0..<(Soak.isLong ? 40_000 : 5_000)).map { _ in
            Self.broken(Self.templates[Int.random(in: 0..<Self.templates.count, using: &random)], &random)
        }
        try await withServer(
            { options in
                // Some of them end in the middle, and are waited for.
                options.idleTimeout = .seconds(1)
                options.headTimeout = .seconds(1)
                options.bodyTimeout = .seconds(1)
            }, handler: echo
        ) { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, request) in requests.enumerated() {
                    if index >= 64 { try await group.next() }
                    group.addTask { try await Self.send(request, to: server.port) }
                }
                try await group.waitForAll()
            }
            let client = try RawClient(port: server.port)
            client.send(Self.templates[0])
            client.endSending()
            #expect(try await client.read().contains("200 OK"))
            try await eventually("no request is open any more") { server.openRequests == 0 }
        }
    }

    private static func send(_ request: String, to port: UInt16) async throws {
        let client = try RawClient(port: port)
        defer { client.close() }
        client.send(request)
        client.endSending()
        let answer: String
        do {
            answer = try await client.read(timeout: .seconds(15))
        } catch {
            Issue.record("no answer and no end: \(request.debugDescription)")
            throw error
        }
        // Whatever it is, it begins as an answer does.
        #expect(answer.isEmpty || answer.hasPrefix("HTTP/1."), "\(request.debugDescription): \(answer)")
        #expect(!answer.hasPrefix("HTTP/1.1 5") || answer.hasPrefix("HTTP/1.1 50"), "\(answer)")
    }

    private static func broken(_ template: String, _ random: inout SeededRandom) -> String {
        var scalars = Array(template.unicodeScalars)
        for _ in 0...Int.random(in: 0..<5, using: &random) where !scalars.isEmpty {
            let index = Int.random(in: 0..<scalars.count, using: &random)
            let any = Unicode.Scalar(UInt8.random(in: 0...255, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0: scalars[index] = any
            case 1: scalars.remove(at: index)
            case 2: scalars.insert(any, at: index)
            case 3: scalars.removeSubrange(index..<min(scalars.count, index + Int.random(in: 1..<30, using: &random)))
            case 4: scalars.insert(contentsOf: scalars[index..<min(scalars.count, index + 40)], at: index)
            default:
                scalars.insert(
                    contentsOf: repeatElement(any, count: Int.random(in: 1..<1_500, using: &random)), at: index)
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
