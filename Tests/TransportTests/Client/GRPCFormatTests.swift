import Testing

@testable import Transport

/// The format of gRPC on the wire and the judgement of its answers, without any server.
struct GRPCFormatTests {
    private func frame(_ message: [UInt8]) -> [UInt8] {
        let body = RequestBody(framing: message)
        return Array(UnsafeRawBufferPointer(start: body.base, count: body.byteCount))
    }

    @Test("Messages are cut out of a body wherever its chunks end", arguments: 1...23)
    func frames(chunkSize: Int) throws {
        let messages: [[UInt8]] = [[], [1], [], Array(0...255), [9, 9, 9], []]
        let body = messages.flatMap { frame($0) }
        var reader = GRPCFrameReader()
        var found: [[UInt8]] = []
        for start in stride(from: 0, to: body.count, by: chunkSize) {
            let chunk = Array(body[start..<min(start + chunkSize, body.count)])
            try chunk.withUnsafeBytes { bytes in
                try reader.read(bytes) { found.append($0.withBytes { Array($0) }) }
            }
        }
        #expect(found == messages)
        #expect(reader.isAtBoundary)
    }

    @Test("A body that ends within a frame is noticed", arguments: 1..<10)
    func truncated(byteCount: Int) throws {
        var reader = GRPCFrameReader()
        try frame([1, 2, 3, 4, 5]).prefix(byteCount).withUnsafeBytes { try reader.read($0) { _ in } }
        #expect(!reader.isAtBoundary)
    }

    @Test(
        "A compressed message and an absurd length are refused before anything is allocated",
        arguments: [
            ([1, 0, 0, 0, 1], GRPCFrameReader.Failure.compressed),
            ([0, 0xff, 0xff, 0xff, 0xff], .tooLong(byteCount: 0xffff_ffff)),
        ] as [([UInt8], GRPCFrameReader.Failure)])
    func refused(prefix: [UInt8], expected: GRPCFrameReader.Failure) {
        var reader = GRPCFrameReader()
        #expect(throws: expected) { try prefix.withUnsafeBytes { try reader.read($0) { _ in } } }
    }

    @Test("A message is read in place, as bytes and as a checked span")
    func message() {
        let message = GRPCMessage([1, 2, 3])
        #expect(message.byteCount == 3)
        #expect(message.withBytes { $0.reduce(0) { $0 + Int($1) } } == 6)
        #expect(message.withSpan { $0.unsafeLoad(fromByteOffset: 2, as: UInt8.self) } == 3)
        #expect(GRPCMessage([]).withBytes { $0.count } == 0)
    }

    @Test(
        "The message of a status is percent-decoded, and what is no escape stays",
        arguments: [
            ("plain", "plain"), ("a%20b", "a b"), ("%E2%82%AC%25", "€%"), ("100%", "100%"), ("%4", "%4"),
            ("%zz%41", "%zzA"), ("", ""),
        ])
    func percentDecoding(text: String, expected: String) {
        #expect(GRPCStatusReader.percentDecoded(text) == expected)
    }

    @Test(
        "Metadata cannot add header lines of its own",
        arguments: [
            ("token", "abc.1", "token: abc.1"), ("empty", "", "empty;"), ("a b", "1", nil), ("", "1", nil),
            ("a:", "1", nil), ("a", "1\r\nb: 2", nil), ("a", "\u{0}", nil), ("ä", "1", nil),
        ])
    func headerLines(name: String, value: String, expected: String?) {
        #expect(HeaderLine.make(name, value) == expected)
    }

    @Test(
        "Trailers that arrive in one piece, as after a pause, are lines all the same",
        arguments: [
            ("grpc-status: 0\r\n", ["grpc-status: 0"]),
            ("grpc-status: 0\r\ngrpc-message: \r\n", ["grpc-status: 0", "grpc-message: "]),
            ("a: 1\r\nb: 2", ["a: 1", "b: 2"]), ("a: 1\nb: 2\n", ["a: 1", "b: 2"]), ("\r\n", [""]),
            ("a: 1\r\n\r\n", ["a: 1", ""]), ("", [""]),
        ])
    func headerPieces(piece: String, expected: [String]) {
        var lines: [String] = []
        Array(piece.utf8).withUnsafeBytes { bytes in
            HeaderLine.forEach(in: bytes) { lines.append(String(decoding: $0, as: UTF8.self)) }
        }
        #expect(lines == expected)
    }

    private func status(_ lines: String...) -> GRPCStatusReader {
        var reader = GRPCStatusReader()
        for line in lines {
            Array(line.utf8).withUnsafeBytes { reader.read($0) }
        }
        return reader
    }

    private func judge(
        _ outcome: TransferOutcome, _ status: GRPCStatusReader, isComplete: Bool = true, mayLackStatus: Bool = false
    ) -> GRPCError? {
        GRPCVerdict(endpoint: "e", isIdempotent: true).error(
            outcome, status, isComplete: isComplete, mayLackStatus: mayLackStatus)
    }

    private let fine = TransferOutcome(failure: nil, wasStarted: true, httpStatus: 200, isHTTP2: true)
    private let type = "Content-Type: application/grpc"

    @Test("A status that came counts more than libcurl's opinion")
    func statusFirst() {
        var broken = fine
        broken.failure = .library(code: 92, detail: "")
        #expect(judge(fine, status("grpc-status: 0", type)) == nil)
        #expect(judge(broken, status("grpc-status: 0", type)) == nil)
        let error = judge(broken, status("grpc-status: 5", "grpc-message: no%20key", type))
        #expect(error?.code == .notFound && error?.message == "no key" && error?.wasSent == .yes)
        #expect(error?.isTransport == false)
        #expect(judge(fine, status("grpc-status: 77", type))?.code == .unknown)
        #expect(judge(fine, status("grpc-status: 0", type), isComplete: false)?.code == .internal)
    }

    @Test("Go's own texts for a passed deadline and a cancelled call are given their codes")
    func forwardedTexts() {
        let deadline = judge(fine, status("grpc-status: 2", "grpc-message: context deadline exceeded", type))
        #expect(deadline?.code == .deadlineExceeded)
        #expect(judge(fine, status("grpc-status: 2", "grpc-message: context canceled", type))?.code == .cancelled)
        #expect(judge(fine, status("grpc-status: 2", "grpc-message: other", type))?.code == .unknown)
    }

    @Test("An answer without a status is an error, but for a unary call with its message")
    func noStatus() {
        #expect(judge(fine, status(type))?.code == .unknown)
        #expect(judge(fine, status(type))?.isRetryable == true)
        #expect(judge(fine, status(type), mayLackStatus: true) == nil)
        #expect(judge(fine, status(type), isComplete: false, mayLackStatus: true)?.code == .internal)
        #expect(judge(fine, status("content-type: text/html"), mayLackStatus: true)?.isTransport == true)
        var proxy = fine
        proxy.httpStatus = 503
        #expect(judge(proxy, status("content-type: text/html"))?.code == .unavailable)
    }

    @Test(
        "Whether a request may be sent again follows from facts",
        arguments: [
            (GRPCCode.unavailable, Sent.no, false, true, true), (.deadlineExceeded, .no, false, true, true),
            (.cancelled, .no, true, true, false), (.unavailable, .unknown, false, true, false),
            (.unavailable, .unknown, true, true, true), (.unavailable, .yes, true, false, true),
            (.unavailable, .yes, false, false, false), (.deadlineExceeded, .unknown, true, true, true),
            (.unknown, .unknown, true, true, true), (.unknown, .yes, true, false, false),
            (.resourceExhausted, .yes, true, false, false), (.notFound, .yes, true, false, false),
            (.invalidArgument, .no, true, true, false),
        ])
    func retryable(code: GRPCCode, wasSent: Sent, isIdempotent: Bool, isTransport: Bool, expected: Bool) {
        let error = GRPCError(
            code: code, message: "", endpoint: "", wasSent: wasSent, isTransport: isTransport,
            isIdempotent: isIdempotent)
        #expect(error.isRetryable == expected)
    }
}
