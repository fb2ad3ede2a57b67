import Crypto
import Glibc
import TestSupport
import Testing
import Transport

/// Starting and stopping, with and without TLS.
@Suite(.timeLimit(.minutes(5)))
struct HTTPServerStartTests {
    @Test("A taken port is refused with a sentence that names it, and serves again once it is free")
    func portInUse() async throws {
        let port = try await withServer(handler: echo) { (server) async throws in
            var options = HTTPServerOptions()
            options.port = server.port
            #expect(throws: HTTPServerError.portInUse(address: "127.0.0.1", port: server.port)) {
                try HTTPServer(options: options, handler: echo)
            }
            let sentence = HTTPServerError.portInUse(address: "127.0.0.1", port: server.port).description
            #expect(sentence.hasPrefix("port \(server.port) of 127.0.0.1 is already in use"))
            #expect(try await curl(["http://127.0.0.1:\(server.port)/"]).status == 0)
            return server.port
        }
        try await eventually("the sockets are closed") { try heldSockets(port: port) == 0 }
        try await withServer({ $0.port = port }, handler: echo) { (server) async throws in
            #expect(server.port == port)
            #expect(try await curl(["http://127.0.0.1:\(port)/"]).status == 0)
        }
    }

    @Test("An address that cannot be listened on is refused", arguments: ["192.0.2.1", "banana", "", "localhost"])
    func badAddress(address: String) {
        var options = HTTPServerOptions()
        options.address = address
        #expect {
            try HTTPServer(options: options, handler: echo)
        } throws: { error in
            guard case HTTPServerError.unusableAddress(address, _) = error else { return false }
            return true
        }
    }

    @Test("IPv6 loopback works too")
    func ipv6() async throws {
        try await withServer({ $0.address = "::1" }, handler: echo) { (server) async throws in
            #expect(server.port != 0)
            #expect(try await curl(["-g", "http://[::1]:\(server.port)/six"]).output == "GET [six] {} 0 -\n")
        }
    }

    @Test("Only the address asked for is listened on")
    func onlyLoopback() async throws {
        try await withServer(handler: echo) { (server) async throws in
            let other = try await curl(["--connect-timeout", "2", "http://127.0.0.2:\(server.port)/"])
            #expect(other.status == 7)
        }
    }

    @Test("A certificate that is none, or not the key's, is refused")
    func badCertificate() throws {
        let authority = try CertificateAuthority(commonName: "ca", lifetime: .seconds(600))
        let one = try authority.issueServerCertificate(commonName: "a", hosts: ["127.0.0.1"], lifetime: .seconds(60))
        let two = try authority.issueServerCertificate(commonName: "b", hosts: ["127.0.0.1"], lifetime: .seconds(60))
        for (certificate, key) in [("", ""), ("x", "y"), (one.certificatePEM, two.privateKeyPEM)] {
            var options = HTTPServerOptions()
            options.tls = .init(certificatePEM: certificate, privateKeyPEM: key)
            #expect(throws: HTTPServerError.unusableCertificate) { try HTTPServer(options: options, handler: echo) }
        }
    }

    @Test("Over TLS a client that trusts our authority is served, all others are not")
    func tls() async throws {
        let authority = try CertificateAuthority(commonName: "ca", lifetime: .seconds(600))
        let issued = try authority.issueServerCertificate(
            commonName: "lodestone", hosts: ["127.0.0.1", "localhost"], lifetime: .seconds(600))
        let directory = try TemporaryDirectory("tls")
        let trust = directory.file("ca.pem")
        try writeTextFile(trust, authority.certificatePEM)
        try await withServer {
            $0.tls = .init(certificatePEM: issued.certificatePEM, privateKeyPEM: issued.privateKeyPEM)
        } handler: { request in
            await echo(request)
        } _: { (server) async throws in
            let local = "https://127.0.0.1:\(server.port)/secure"
            #expect(try await curl(["--cacert", trust, local]).output == "GET [secure] {} 0 -\n")
            let named = try await curl(["--cacert", trust, "https://localhost:\(server.port)/"])
            #expect(named.status == 0)
            #expect(try await curl([local]).status == 60)
            let aliased = ["--resolve", "other:\(server.port):127.0.0.1", "https://other:\(server.port)/"]
            #expect(try await curl(["--cacert", trust] + aliased).status == 60)
            #expect(try await curl(["--cacert", trust, "--tls-max", "1.1", local]).status == 35)
            let plain = try await curl(["http://127.0.0.1:\(server.port)/"])
            #expect(plain.output == "" && plain.status != 0)
            let body = String(repeating: "z", count: 300_000)
            try writeTextFile(directory.file("body"), body)
            let upload = ["--data-binary", "@\(directory.file("body"))", local]
            #expect(try await curl(["--cacert", trust] + upload).output == "POST [secure] {} 300000 -\n")
        }
    }

    @Test("A handler that ignores its cancellation does not keep the server from stopping")
    func stubbornHandler() async throws {
        let release = AsyncStream.makeStream(of: Void.self)
        let clock = ContinuousClock()
        var asked = clock.now
        let port = try await withServer { options in
            options.stopGrace = .milliseconds(300)
        } handler: { _ in
            await Task {
                for await _ in release.stream {}
            }.value
            return .text("never seen")
        } _: { (server) async throws in
            let client = try RawClient(port: server.port)
            client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            try await eventually("the handler runs") { server.openRequests == 1 }
            asked = clock.now
            return server.port
        }
        #expect(clock.now - asked < .seconds(40))
        // A process another test is just starting may hold the socket for a moment.
        try await eventually("the sockets are closed") { try heldSockets(port: port) == 0 }
        release.continuation.finish()
    }

    @Test("An answer that is still being made when the server stops is waited for")
    func graceForHandlers() async throws {
        let stopping = AsyncStream.makeStream(of: Void.self)
        let (slow, stream) = try await withServer { _ in
        } handler: { request in
            guard request.path == ["slow"] else {
                // This stream ends when the server begins to stop, and tells the other handler.
                return HTTPServerResponse(
                    status: 200,
                    body: .stream(
                        HTTPServerStream { writer in
                            while writer.isOpen {
                                try? await Task.sleep(for: .milliseconds(5))
                            }
                            stopping.continuation.finish()
                            return .finished
                        }))
            }
            for await _ in stopping.stream {}
            return .text("done")
        } _: { (server) async throws in
            let (slow, stream) = (try RawClient(port: server.port), try RawClient(port: server.port))
            slow.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            stream.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
            try await eventually("both are being answered") { server.openRequests == 2 }
            return (slow, stream)
        }
        #expect(try await slow.read().hasSuffix("done\n"))
        #expect(try await stream.read().hasSuffix("0\r\n\r\n"))
    }
}
