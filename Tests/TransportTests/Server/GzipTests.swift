import TestSupport
import Testing

@testable import Transport

/// Answers in gzip, for those who take it.
@Suite(.timeLimit(.minutes(5)))
struct GzipTests {
    private static let text = String(repeating: "All work and no play makes a dull answer. ", count: 2_000)

    private static func request(_ accepted: String?) -> HTTPServerRequest {
        HTTPServerRequest(
            method: "GET", path: [], headers: accepted.map { [HTTPServerField("accept-encoding", $0)] } ?? [])
    }

    @Test(
        "What a client takes is read as RFC 9110 has it",
        arguments: [
            (nil, false), ("", false), ("gzip", true), ("GZIP", true), ("deflate, gzip;q=1.0, *;q=0.5", true),
            ("gzip;q=0", false), ("gzip; q=0.0", false), ("gzip;q=0.001", true), ("*", true), ("*;q=0", false),
            ("gzip;q=0, *", false), ("identity", false), ("br, zstd", false), ("x-gzip", true), ("gzipped", false),
        ] as [(String?, Bool)])
    func taken(accepted: String?, expected: Bool) {
        #expect(Gzip.isTaken(by: Self.request(accepted)) == expected)
    }

    @Test("curl gets the same bytes either way, and fewer of them over the wire")
    func overTheWire() async throws {
        try await withServer { _ in
        } handler: { _ in
            .text(Self.text)
        } _: { server in
            let url = "http://127.0.0.1:\(server.port)/"
            let directory = try TemporaryDirectory("gzip")
            let plain = try await curl(["-D", directory.file("plain"), url])
            let packed = try await curl(["--compressed", "-D", directory.file("packed"), url])
            #expect(plain.output == Self.text + "\n" && packed.output == plain.output)
            let heads = ["plain", "packed"].map { (readTextFile(directory.file($0)) ?? "").lowercased() }
            #expect(!heads[0].contains("content-encoding"))
            #expect(heads[1].contains("content-encoding: gzip"))
            // A cache has to know in both cases.
            #expect(heads.allSatisfy { $0.contains("vary: accept-encoding") })
            let size = heads[1].split(separator: "\r\n").first { $0.hasPrefix("content-length: ") }
                .flatMap { Int($0.dropFirst(16)) }
            #expect((size ?? .max) < Self.text.utf8.count / 20)
            let raw = try await ChildProcess.run(
                "/bin/bash",
                ["-c", "curl -sS --noproxy '*' -H 'Accept-Encoding: gzip' \"$1\" | gzip -dc | sha256sum", "test", url])
            let sum = try await ChildProcess.run(
                "/bin/bash", ["-c", "curl -sS --noproxy '*' \"$1\" | sha256sum", "test", url])
            #expect(raw.output == sum.output && raw.status == 0)
            let head = try await curl(["--compressed", "-I", url])
            #expect(head.output.lowercased().contains("content-encoding: gzip"))
        }
    }

    @Test("Small answers, streams, and what is encoded already are left as they are")
    func leftAlone() {
        let request = Self.request("gzip")
        let small = HTTPServerResponse(status: 200, body: .bytes([UInt8](repeating: 65, count: Gzip.threshold)))
        #expect(Gzip.encoded(small, for: request).headers.isEmpty)
        let stream = HTTPServerResponse(status: 200, body: .stream(HTTPServerStream { _ in .finished }))
        #expect(Gzip.encoded(stream, for: request).headers.isEmpty)
        let encoded = HTTPServerResponse(
            status: 200, headers: [HTTPServerField("content-encoding", "br")],
            body: .bytes([UInt8](repeating: 65, count: 100_000)))
        #expect(Gzip.encoded(encoded, for: request).headers.count == 1)
        var random = SeededRandom(seed: 1)
        let noise = HTTPServerResponse(
            status: 200, body: .bytes((0..<100_000).map { _ in UInt8.random(in: 0...255, using: &random) }))
        #expect(Gzip.encoded(noise, for: request).headers == [HTTPServerField("Vary", "Accept-Encoding")])
    }
}
