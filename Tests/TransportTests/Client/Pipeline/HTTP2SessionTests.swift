import Testing

@testable import Transport

/// The client's side of HTTP/2 against bytes as servers send them, and as broken ones might.
struct HTTP2SessionTests {
    /// A frame of the server.
    private static func frame(_ kind: HTTP2Frame.Kind, _ flags: UInt8 = 0, _ stream: UInt32, _ payload: [UInt8])
        -> [UInt8]
    {
        var bytes: [UInt8] = []
        HTTP2Frame.append(kind, flags: flags, stream: stream, length: payload.count, to: &bytes)
        return bytes + payload
    }

    private static func number(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

    private static func message(_ bytes: [UInt8]) -> [UInt8] { [0] + number(UInt32(bytes.count)) + bytes }

    /// An answer as grpc-go gives it: headers, a message, trailers.
    private static func answer(_ stream: UInt32, _ bytes: [UInt8]) -> [UInt8] {
        frame(.headers, 4, stream, [0x88]) + frame(.data, 0, stream, message(bytes))
            + frame(.headers, 5, stream, [0x88])
    }

    private static func session() throws -> HTTP2Session {
        let endpoint = try Endpoint(url: "http://127.0.0.1:2379")
        let head = try #require(HTTP2RequestHead(endpoint, path: "/a/b", metadata: [(name: "token", value: "t")]))
        return HTTP2Session(head: head)
    }

    /// The frames in what the client sends, behind the preface.
    private static func frames(_ output: [UInt8]) -> [(head: HTTP2Frame.Head, payload: [UInt8])] {
        var rest = output.starts(with: Array("PRI".utf8)) ? Array(output.dropFirst(24)) : output
        var frames: [(HTTP2Frame.Head, [UInt8])] = []
        while !rest.isEmpty {
            let head = rest.withUnsafeBytes { HTTP2Frame.Head($0, at: 0) }
            frames.append((head, Array(rest[9..<(9 + head.length)])))
            rest = Array(rest.dropFirst(9 + head.length))
        }
        return frames
    }

    private static func receive(_ session: inout HTTP2Session, _ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try session.receive($0) }
    }

    @Test("Calls go out in order, each a head and a message")
    func order() throws {
        var session = try Self.session()
        session.send([1, 2, 3])
        session.send([])
        let frames = Self.frames(session.takeOutput())
        #expect(frames.map(\.head.kind) == [.settings, .windowUpdate, .headers, .data, .headers, .data])
        #expect(frames.map(\.head.stream) == [0, 0, 1, 1, 3, 3])
        #expect(frames[3].payload == Self.message([1, 2, 3]))
        #expect(frames[3].head.flags == HTTP2Frame.endStream)
        #expect(frames[2].payload.starts(with: [0x83, 0x86, 0x01, 14]))
    }

    @Test("Answers are found however the bytes are cut, and in any order of calls", arguments: [1, 2, 3, 7, 1000])
    func cut(size: Int) throws {
        var session = try Self.session()
        for number in 0..<3 { session.send([UInt8(number)]) }
        let bytes =
            Self.frame(.settings, 0, 0, []) + Self.answer(5, [7]) + Self.frame(.reset, 0, 1, Self.number(8))
            + Self.frame(.data, 0, 3, Array(Self.message([8, 9]).prefix(3)))
            + Self.frame(.data, 8, 3, [2] + Array(Self.message([8, 9]).dropFirst(3)) + [0, 0])
            + Self.frame(.headers, 5, 3, [0x88])
        for start in stride(from: 0, to: bytes.count, by: size) {
            try Self.receive(&session, Array(bytes[start..<min(start + size, bytes.count)]))
        }
        let answers = session.takeAnswers()
        #expect(answers.map(\.number) == [2, 0, 1])
        #expect(answers.map { $0.message?.withBytes { Array($0) } } == [[7], nil, [8, 9]])
        #expect(session.unanswered == 0)
    }

    @Test("A call answered without a message has failed, and one with half a message too")
    func failures() throws {
        var session = try Self.session()
        session.send([1])
        session.send([1])
        try Self.receive(&session, Self.frame(.headers, 5, 1, [0x88]))
        try Self.receive(
            &session, Self.frame(.data, 0, 3, [0, 0, 0, 0, 9, 1]) + Self.frame(.headers, 5, 3, [0x88]))
        #expect(session.takeAnswers().map { $0.message == nil } == [true, true])
    }

    @Test("A large message waits for room, bit by bit, and what is behind it waits too")
    func flowControl() throws {
        var session = try Self.session()
        session.send([UInt8](repeating: 5, count: 100_000))
        session.send([1])
        var frames = Self.frames(session.takeOutput())
        var sent = frames.filter { $0.head.kind == .data }.reduce(0) { $0 + $1.payload.count }
        #expect(sent == 65_535)
        #expect(frames.allSatisfy { $0.head.length <= 16_384 && $0.head.stream < 3 })
        // Room of the connection alone is not enough, nor of the stream alone.
        try Self.receive(&session, Self.frame(.windowUpdate, 0, 0, Self.number(1 << 20)))
        #expect(session.takeOutput().isEmpty)
        try Self.receive(&session, Self.frame(.windowUpdate, 0, 1, Self.number(10)))
        frames = Self.frames(session.takeOutput())
        #expect(frames.map(\.head.length) == [10])
        sent += 10
        // A larger window for all streams counts for the one that is open.
        try Self.receive(&session, Self.frame(.settings, 0, 0, [0, 4] + Self.number(200_000)))
        frames = Self.frames(session.takeOutput())
        sent += frames.filter { $0.head.kind == .data && $0.head.stream == 1 }.reduce(0) { $0 + $1.payload.count }
        #expect(sent == 100_005)
        #expect(frames.last?.head.stream == 3)
        #expect(frames.contains { $0.head.kind == .settings && $0.head.flags == 1 })
    }

    @Test("Pings are answered, and room is given back")
    func housekeeping() throws {
        var session = try Self.session()
        session.send([1])
        _ = session.takeOutput()
        try Self.receive(&session, Self.frame(.ping, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]))
        let frames = Self.frames(session.takeOutput())
        #expect(frames.first?.head.flags == 1)
        #expect(frames.first?.payload == [1, 2, 3, 4, 5, 6, 7, 8])
        // The begin of a message of 16 MiB, so that all of it is one.
        try Self.receive(&session, Self.frame(.data, 0, 1, [0, 1, 0, 0, 0]))
        for _ in 0..<520 {
            try Self.receive(&session, Self.frame(.data, 0, 1, [UInt8](repeating: 0, count: 16_384)))
        }
        let update = Self.frames(session.takeOutput()).first
        #expect(update?.head.kind == .windowUpdate)
    }

    @Test("A server that says goodbye, or nonsense, ends the connection")
    func ends() throws {
        for bytes in [
            Self.frame(.goAway, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]), [0xff, 0, 0, 0, 0, 0, 0, 0, 1],
            Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), Self.frame(.data, 8, 1, [9]),
        ] {
            var session = try Self.session()
            session.send([1])
            #expect(throws: HTTP2Session.Failure.self) { try Self.receive(&session, bytes) }
        }
    }

    @Test("Numbers in headers are encoded as RFC 7541 shows them")
    func integers() {
        var bytes: [UInt8] = []
        HTTP2RequestHead.append(10, prefixBits: 5, to: &bytes)
        HTTP2RequestHead.append(1337, prefixBits: 5, to: &bytes)
        #expect(bytes == [10, 31, 154, 10])
    }
}
