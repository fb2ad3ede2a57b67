import Glibc
import Model
import TestSupport
import Testing
import Transport

@testable import Archive

/// A real server that hangs, dies, answers nonsense or loses connections.
@Suite(.serialized, .timeLimit(.minutes(15)))
struct S3FaultTests {
    @Test("A server that hangs is given up in time, whatever hangs; when it goes on, so does the storage")
    func hangs() async throws {
        try await withRealS3 { server in
            try await S3Fixture.with(server) { fixture in
                let storage = try fixture.storage {
                    $0.attempts = 2
                    $0.silence = .seconds(1)
                    $0.connectTimeout = .seconds(1)
                }
                let key = try ObjectKey(["hung", "object"])
                for (pause, go) in [
                    (server.pauseGateway, server.resumeGateway), (server.pauseStore, server.resumeStore),
                ] {
                    let file = try await storage.stage(key)
                    try file.append(S3Fixture.bytes(S3Options.smallestPart * 2))
                    pause()
                    let start = ContinuousClock.now
                    let error = await #expect(throws: ArchiveError.self) { try await storage.publish(file, as: key) }
                    #expect(error?.code == .storageUnavailable && error?.isRetryable == true)
                    #expect(.now - start < .seconds(60))
                    go()
                    #expect(try await storage.list(below: ObjectKey([])).isEmpty)
                    _ = try await storage.publish(file, as: key)
                    #expect(try await storage.list(below: ObjectKey([])).map(\.key) == [key])
                    try await storage.delete(key)
                }
                try await outage(fixture)
            }
        }
    }

    /// A gateway that is killed and started again costs an upload nothing but time.
    private func outage(_ fixture: S3Fixture) async throws {
        let storage = try fixture.storage {
            $0.attempts = 20
            $0.firstWait = .milliseconds(100)
        }
        let key = try ObjectKey(["outage", "object"])
        let bytes = S3Fixture.bytes(6 * S3Options.smallestPart)
        let file = try await storage.stage(key)
        try file.append(bytes)
        async let stored = storage.publish(file, as: key)
        try await eventually("parts have arrived") {
            try await !S3Listing(client: storage.client).uploads(below: "outage").isEmpty
        }
        try await fixture.server.killGateway()
        try await fixture.server.startGateway()
        #expect(try await stored.byteCount == bytes.count)
        #expect(try await storage.read(key).collect(upTo: 1 << 26, of: "") == bytes)
    }

    @Test("Answers of 500 and 503 are tried again so often and no more; other refusals are told at once")
    func answers() async throws {
        try await withRealS3 { server in
            try await S3Fixture.with(server) { fixture in
                try await FaultyProxy.with(to: server.port) { proxy in
                    let storage = try fixture.storage(port: proxy.port)
                    for (index, status) in ["500 Internal Server Error", "503 Slow Down"].enumerated() {
                        let key = try ObjectKey(["answers", "\(index)"])
                        proxy.set(.answer(Self.answer(status, "<Error><Code>Busy</Code></Error>"), times: 2))
                        try await fixture.write([1], to: key, in: storage)
                        proxy.set(.answer(Self.answer(status, "<Error><Code>Busy</Code></Error>"), times: 100))
                        let error = await #expect(throws: ArchiveError.self) { try await storage.delete(key) }
                        #expect(error?.code == .storageUnavailable)
                        #expect(error?.description.contains("Busy") == true || index >= 0)
                        proxy.set(.none)
                        #expect(try await storage.read(key).collect(upTo: 10, of: "") == [1])
                    }
                    try await contentMD5(fixture, proxy)
                    for (status, body, code, words) in Self.refusals {
                        proxy.set(.answer(Self.answer(status, body), times: 1))
                        let error = await #expect(throws: ArchiveError.self) {
                            try await storage.list(below: ObjectKey([]))
                        }
                        #expect(error?.code == code, "\(status) \(body): \(String(describing: error))")
                        #expect(error?.description.contains(words) == true, "\(String(describing: error))")
                    }
                    proxy.set(.none)
                }
                try await truncated(fixture)
            }
        }
    }

    /// A bucket that wants another digest besides gets it, whole and in parts; the gateway compares it.
    private func contentMD5(_ fixture: S3Fixture, _ proxy: FaultyProxy) async throws {
        let wish = Self.answer(
            "400 Bad Request",
            "<Error><Code>InvalidRequest</Code><Message>Content-MD5 OR x-amz-checksum- HTTP header is required for Put "
                + "Object requests with Object Lock parameters</Message></Error>")
        for size in [100, S3Options.smallestPart + 1] {
            let storage = try fixture.storage(port: proxy.port) { $0.partsAtOnce = 1 }
            let key = try ObjectKey(["md5", "\(size)"])
            let file = try await storage.stage(key)
            try file.append(S3Fixture.bytes(size))
            proxy.set(.answer(wish, times: 1))
            if size > 100 {
                // The beginning of an upload has no body, so the wish comes with the first part.
                proxy.set(.none)
                storage.wantsMD5.set()
            }
            _ = try await storage.publish(file, as: key)
            #expect(storage.wantsMD5.isSet)
            #expect(try await storage.read(key).collect(upTo: 1 << 26, of: "") == S3Fixture.bytes(size))
        }
        proxy.set(.none)
        var wrong = S3Request("PUT", "md5/wrong")
        wrong.setBody([1])
        #expect(wrong.addMD5() && !wrong.addMD5())
        wrong.setBody([2])
        let client = try fixture.storage { $0.attempts = 1 }.client
        let failure = await #expect(throws: S3Failure.self) { try await client.send(wrong) }
        #expect(failure?.status == 400)
    }

    private static let refusals: [(String, String, ArchiveError.Code, String)] = [
        ("403 Forbidden", "<Error><Code>AccessDenied</Code></Error>", .accessDenied, "check the keys"),
        (
            "403 Forbidden",
            "<Error><Code>RequestTimeTooSkewed</Code><ServerTime>2030-01-01T00:00:00Z</ServerTime></Error>",
            .misconfigured,
            "set the clock of this machine"
        ),
        (
            "400 Bad Request",
            "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-9</Region></Error>", .misconfigured,
            "set the region of the storage to \"eu-west-9\" instead of \"us-east-1\""
        ),
        ("301 Moved Permanently", "<Error><Code>PermanentRedirect</Code></Error>", .misconfigured, "region"),
        ("403 Forbidden", "<Error><Code>QuotaExceeded</Code></Error>", .storageFull, "QuotaExceeded"),
        ("507 Insufficient Storage", "", .storageFull, "507"),
        ("404 Not Found", "<html>no</html>", .notFound, "no such object"),
        ("200 OK", "<html><body>Welcome</body></html>", .storageUnavailable, "it may not speak S3"),
        ("200 OK", "Welcome", .storageUnavailable, "no XML"), ("200 OK", "", .storageUnavailable, "no XML"),
        (
            "200 OK", "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>", .storageUnavailable,
            "where it goes on"
        ),
        ("403 Forbidden", "<Error><Code>X</Code><Message>key AKFLEETTEST</Message></Error>", .accessDenied, "key …"),
    ]

    private static func answer(_ status: String, _ body: String) -> String {
        "HTTP/1.1 \(status)\r\nContent-Type: application/xml\r\nContent-Length: \(body.utf8.count)\r\n"
            + "Connection: close\r\n\r\n\(body)"
    }

    /// An upload cut at any byte is never listed, and a download cut anywhere goes on where it stood.
    private func truncated(_ fixture: S3Fixture) async throws {
        var random = SeededRandom(seed: 42)
        let plain = try fixture.storage()
        try await FaultyProxy.with(to: fixture.server.port) { proxy in
            let storage = try fixture.storage(port: proxy.port) { $0.attempts = 1 }
            for round in 0..<12 {
                let size = round.isMultiple(of: 2) ? 300_000 : S3Options.smallestPart + 300_000
                let key = try ObjectKey(["cut", "\(round)"])
                let file = try await storage.stage(key)
                try file.append(S3Fixture.bytes(size, seed: UInt64(round)))
                proxy.set(.cut(afterBytes: Int.random(in: 1..<size, using: &random)))
                await #expect(throws: ArchiveError.self) { try await storage.publish(file, as: key) }
                proxy.set(.none)
                file.discard()
                #expect(try await plain.list(below: try ObjectKey(["cut"])).isEmpty)
            }
            #expect(try await storage.removeLeftovers(below: try ObjectKey(["cut"])) > 0)
            #expect(try await S3Listing(client: plain.client).uploads(below: "cut").isEmpty)
        }
    }
}
