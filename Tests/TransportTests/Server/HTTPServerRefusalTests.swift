import Crypto
import Synchronization
import TestSupport
import Testing
import Transport

/// What is told of requests that never reach the handler.
@Suite(.timeLimit(.minutes(5)))
struct HTTPServerRefusalTests {
    /// A request, and what is to be told of it.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let request: String
        let told: [String]
        var testDescription: String { name }

        init(_ name: String, _ request: String, _ told: String...) {
            self.name = name
            self.request = request
            self.told = told
        }
    }

    private static let cases = [
        Case(
            "a body announced as far too large",
            "POST /big?secret=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", "413 POST /big"),
        Case(
            "a body a little too large",
            "PUT /large HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n01234567890123456789", "413 PUT /large"),
        Case(
            "a body that turns out far too large",
            "PUT /more HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n"
                + String(repeating: "a", count: 100) + "\r\n", "413 PUT /more"),
        Case("a path that is no text", "GET /%ff?secret=1 HTTP/1.1\r\nHost: x\r\n\r\n", "400 GET /%ff"),
        Case(
            "a head that is too large",
            "GET /wide?secret=1 HTTP/1.1\r\nHost: x\r\nX-Wide: " + String(repeating: "a", count: 20_000) + "\r\n\r\n",
            "431  /wide"),
        Case("a head without a host", "GET /nowhere?secret=1 HTTP/1.1\r\n\r\n", "400  /nowhere"),
        Case(
            "a chunk that is none", "PUT /torn HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "400 PUT /torn"),
        Case("a good request", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
        Case("no request", "BROKEN\r\n\r\n"),
    ]

    @Test("A refused request is told with what is known of it, and never with its query or body", arguments: cases)
    func refusals(example: Case) async throws {
        let told = Mutex<[HTTPRefusedRequest]>([])
        try await withServer { options in
            options.bodyLimit = 10
            options.refused = { refused in told.withLock { $0.append(refused) } }
        } handler: {
            await echo($0)
        } _: { server in
            let client = try RawClient(port: server.port)
            client.send(example.request)
            _ = try await client.read { $0.contains("\r\n\r\n") }
            client.close()
            try await eventually("the request is over, and told") {
                let count = told.withLock(\.count)
                return server.openRequests == 0 && count >= example.told.count
            }
            #expect(told.withLock { $0.map { "\($0.status) \($0.method) \($0.rawPath)" } } == example.told)
            #expect(told.withLock { $0.allSatisfy { $0.client.address == "127.0.0.1" && !$0.reason.isEmpty } })
        }
    }

    @Test("A request that is too late for a stopping server is told")
    func stopping() async throws {
        let told = Mutex<[HTTPRefusedRequest]>([])
        var options = HTTPServerOptions()
        options.stopGrace = .seconds(60)
        options.refused = { refused in told.withLock { $0.append(refused) } }
        let server = try HTTPServer(options: options) { _ in
            HTTPServerResponse(
                status: 200,
                body: .stream(
                    HTTPServerStream { writer in
                        // Goes on until the server stops.
                        while (try? await writer.write(Array("x".utf8))) != nil {
                            try? await Task.sleep(for: .milliseconds(10))
                        }
                        return .finished
                    }))
        }
        let running = Task { await server.run() }
        let streaming = try RawClient(port: server.port)
        streaming.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        let late = try RawClient(port: server.port)
        late.send("POST /late?secret=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n")
        try await eventually("both are there") { server.openRequests == 2 }
        running.cancel()
        // The end of the stream is the sign that the server stops.
        _ = try await streaming.read { $0.hasSuffix("\r\n0\r\n\r\n") }
        late.send("abc")
        #expect(try await late.read { $0.contains("stopping") }.contains("503"))
        await running.value
        #expect(told.withLock { $0.map { "\($0.status) \($0.method) \($0.rawPath)" } } == ["503 POST /late"])
    }

    @Test("A server goes on with another certificate, and trusts other authorities, without a break")
    func replacedCertificates() async throws {
        let directory = try TemporaryDirectory("replaced")
        let authorities = try ["one", "two"].map { try CertificateAuthority(commonName: $0, lifetime: .seconds(600)) }
        var settings: [HTTPServerOptions.TLS] = []
        for (number, authority) in authorities.enumerated() {
            let issued = try authority.issueServerCertificate(
                commonName: "server", hosts: ["127.0.0.1"], lifetime: .seconds(600))
            try writeTextFile(directory.file("ca\(number).pem"), authority.certificatePEM)
            let client = try authority.issueClientCertificate(commonName: "client\(number)", lifetime: .seconds(600))
            try writeTextFile(
                directory.file("client\(number).pem"), client.certificatePEM + client.privateKeyPEM, mode: 0o600)
            settings.append(
                .init(
                    certificatePEM: issued.certificatePEM, privateKeyPEM: issued.privateKeyPEM,
                    clientAuthoritiesPEM: authority.certificatePEM))
        }
        let held = AsyncStream.makeStream(of: Void.self)
        try await withServer {
            $0.tls = settings[0]
        } handler: { request in
            if request.path == ["held"] { for await _ in held.stream {} }
            let certificate = request.client.certificate
            return .text("\(certificate?.commonNames.first ?? "nobody") \(certificate?.problem == nil)")
        } _: { (server) async throws in
            func ask(_ trust: Int, _ client: Int, _ paths: String...) async throws -> ChildProcess.Output {
                try await curl(
                    ["--cacert", directory.file("ca\(trust).pem"), "--cert", directory.file("client\(client).pem")]
                        + paths.map { "https://127.0.0.1:\(server.port)/\($0)" })
            }
            #expect(try await ask(0, 0, "").output == "client0 true\n")
            #expect(try await ask(0, 1, "").output == "client1 false\n")
            #expect(try await ask(1, 1, "").status == 60)
            // Two requests on one connection, with the change in between.
            async let both = ask(0, 0, "held", "after")
            try await eventually("the first of them is held") { server.openRequests == 1 }
            #expect(throws: HTTPServerError.unusableCertificate) {
                _ = try server.replaceCertificates(
                    .init(certificatePEM: settings[1].certificatePEM, privateKeyPEM: settings[0].privateKeyPEM))
            }
            #expect(try await ask(0, 0, "").output == "client0 true\n")
            #expect(try server.replaceCertificates(settings[1]) == 1)
            // Authorities that stay and one that comes: what was verified by them holds.
            #expect(try server.replaceCertificates(settings[1]) == 1)
            var more = settings[1]
            more.clientAuthoritiesPEM = (settings[0].clientAuthoritiesPEM ?? "") + (more.clientAuthoritiesPEM ?? "")
            #expect(try server.replaceCertificates(more) == 1)
            #expect(try server.replaceCertificates(settings[1]) == 2)
            held.continuation.finish()
            #expect(try await both.output == "client0 true\nclient0 false\n")
            #expect(try await ask(0, 0, "").status == 60)
            for _ in 0..<20 { #expect(try await ask(1, 1, "").output == "client1 true\n") }
            #expect(try await ask(1, 0, "").output == "client0 false\n")
        }
    }
}
