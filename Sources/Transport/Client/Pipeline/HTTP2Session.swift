/// The client's side of one HTTP/2 connection that carries calls of one gRPC method, sent strictly one after the other.
///
/// Pure: bytes in, bytes out. It does not read the headers of answers, and so needs no table of headers: a call that
/// was answered with one whole message has succeeded, since gRPC servers send a message only then, and of any other
/// the caller learns no more than that. Whoever needs the reason asks again by an ordinary call.
struct HTTP2Session {
    /// What became of a call.
    struct Answer: Sendable {
        /// Which call it was, counted from 0.
        let number: Int
        /// The message; nil if the server answered without one.
        let message: GRPCMessage?
    }

    /// Why the connection cannot go on, as a clause.
    struct Failure: Error, Equatable {
        let sentence: String
    }

    private struct Stream {
        var frames = GRPCFrameReader()
        var message: GRPCMessage?
    }

    /// A request of which not everything is sent.
    private struct Pending {
        let stream: UInt32
        let body: [UInt8]
        var sent = 0
        var hasHead = false
    }

    /// What we let the server send ahead, of one stream and of all.
    private static let window = 16 << 20
    private static let maximumFrame = 16_384

    /// The bytes to be sent, for the owner to take.
    private(set) var output: [UInt8] = []
    private let head: [UInt8]
    private var input: [UInt8] = []
    private var nextStream: UInt32 = 1
    private var streams: [UInt32: Stream] = [:]
    private var pending: [Pending] = []
    private var connectionWindow = 65_535
    private var initialWindow = 65_535
    /// The window of the request that is being sent, which alone needs one.
    private var streamWindow = 65_535
    private var received = 0
    private var answers: [Answer] = []
    private var failure: Failure?

    /// Begins a connection: the preface, our settings, and room for answers.
    init(head: HTTP2RequestHead) {
        self.head = head.bytes
        output += Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
        HTTP2Frame.append(.settings, flags: 0, stream: 0, length: 12, to: &output)
        for (setting, value) in [(UInt16(2), UInt32(0)), (UInt16(4), UInt32(Self.window))] {
            withUnsafeBytes(of: setting.bigEndian) { output.append(contentsOf: $0) }
            HTTP2Frame.append(value, to: &output)
        }
        updateWindow(stream: 0, by: Self.window - 65_535)
    }

    /// How many calls have no answer yet.
    var unanswered: Int { streams.count }

    /// Whether stream numbers are running out, so that another connection is due.
    var isWornOut: Bool { nextStream > 0x7fff_0000 }

    /// Queues a call; its number is one more than that of the call before.
    mutating func send(_ message: [UInt8]) {
        var body: [UInt8] = [0]
        body.reserveCapacity(message.count + 5)
        HTTP2Frame.append(UInt32(truncatingIfNeeded: message.count), to: &body)
        body += message
        streams[nextStream] = Stream()
        pending.append(Pending(stream: nextStream, body: body))
        nextStream += 2
        writePending()
    }

    /// Hands over the bytes to be sent.
    mutating func takeOutput() -> [UInt8] {
        defer { output = [] }
        return output
    }

    /// Hands over the answers that are complete.
    mutating func takeAnswers() -> [Answer] {
        guard !answers.isEmpty else { return [] }
        defer { answers = [] }
        return answers
    }

    /// Takes what the server has sent.
    mutating func receive(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        input.append(contentsOf: bytes)
        var offset = 0
        // Taken out so that frames can be read from it while this value changes.
        let all = input
        all.withUnsafeBytes { all in
            while failure == nil, all.count - offset >= HTTP2Frame.Head.byteCount {
                let head = HTTP2Frame.Head(all, at: offset)
                guard head.length <= Self.maximumFrame else {
                    failure = Failure(sentence: "the server sent a frame of \(head.length) bytes")
                    return
                }
                let start = offset + HTTP2Frame.Head.byteCount
                guard all.count >= start + head.length else { return }
                take(head, UnsafeRawBufferPointer(rebasing: all[start..<(start + head.length)]))
                offset = start + head.length
            }
        }
        input = offset == all.count ? [] : Array(all[offset...])
        if let failure { throw failure }
        writePending()
    }

    private mutating func take(_ head: HTTP2Frame.Head, _ payload: UnsafeRawBufferPointer) {
        switch head.kind {
        case .data: takeData(head, payload)
        case .headers, .continuation:
            // A block that goes on in another frame ends the stream only with that, but nothing else can come between.
            if head.kind == .headers, head.flags & HTTP2Frame.endStream != 0 { end(head.stream) }
        case .reset: end(head.stream, isReset: true)
        case .settings where head.flags & HTTP2Frame.acknowledges == 0: takeSettings(payload)
        case .ping where head.flags & HTTP2Frame.acknowledges == 0:
            HTTP2Frame.append(
                .ping, flags: HTTP2Frame.acknowledges, stream: 0, length: payload.count, to: &output)
            output.append(contentsOf: payload)
        case .goAway: failure = Failure(sentence: "the server takes no more calls on this connection")
        case .windowUpdate where payload.count == 4:
            let more = Int(HTTP2Frame.number(payload, at: 0) & 0x7fff_ffff)
            if head.stream == 0 {
                connectionWindow += more
            } else if head.stream == pending.first?.stream {
                streamWindow += more
            }
        default: break
        }
    }

    private mutating func takeData(_ head: HTTP2Frame.Head, _ payload: UnsafeRawBufferPointer) {
        received += payload.count
        if received >= Self.window / 2 {
            updateWindow(stream: 0, by: received)
            received = 0
        }
        var content = payload
        if head.flags & HTTP2Frame.padded != 0 {
            guard let padding = payload.first, Int(padding) < payload.count else {
                failure = Failure(sentence: "the server sent a frame that is all padding")
                return
            }
            content = UnsafeRawBufferPointer(rebasing: payload[1..<(payload.count - Int(padding))])
        }
        guard var stream = streams[head.stream] else { return }
        do throws(GRPCFrameReader.Failure) {
            var message = stream.message
            try stream.frames.read(content) { message = $0 }
            stream.message = message
        } catch {
            failure = Failure(sentence: error.sentence)
        }
        streams[head.stream] = stream
        if head.flags & HTTP2Frame.endStream != 0 { end(head.stream) }
    }

    private mutating func takeSettings(_ payload: UnsafeRawBufferPointer) {
        for offset in stride(from: 0, to: payload.count - 5, by: 6) {
            let setting = UInt16(payload[offset]) << 8 | UInt16(payload[offset + 1])
            guard setting == 4 else { continue }
            let value = Int(HTTP2Frame.number(payload, at: offset + 2))
            // It also counts for the streams that are open (RFC 9113, section 6.9.2).
            streamWindow += value - initialWindow
            initialWindow = value
        }
        HTTP2Frame.append(.settings, flags: HTTP2Frame.acknowledges, stream: 0, length: 0, to: &output)
    }

    private mutating func end(_ number: UInt32, isReset: Bool = false) {
        guard let stream = streams.removeValue(forKey: number) else { return }
        let isWhole = !isReset && stream.frames.isAtBoundary
        answers.append(Answer(number: Int(number / 2), message: isWhole ? stream.message : nil))
        guard let index = pending.firstIndex(where: { $0.stream == number }) else { return }
        // Answered before it was sent: the rest is not wanted. A stream that was never begun must not be begun any more.
        if pending[index].hasHead, !isReset {
            HTTP2Frame.append(.reset, flags: 0, stream: number, length: 4, to: &output)
            HTTP2Frame.append(8, to: &output)
        }
        pending.remove(at: index)
        if index == 0 { streamWindow = initialWindow }
    }

    /// Writes as much of the requests as the server has room for, strictly in their order.
    private mutating func writePending() {
        while var first = pending.first {
            if !first.hasHead {
                HTTP2Frame.append(
                    .headers, flags: HTTP2Frame.endHeaders, stream: first.stream, length: head.count, to: &output)
                output += head
                first.hasHead = true
                streamWindow = initialWindow
            }
            while first.sent < first.body.count {
                let room = min(connectionWindow, streamWindow, Self.maximumFrame)
                guard room > 0 else { break }
                let end = min(first.sent + room, first.body.count)
                let flags = end == first.body.count ? HTTP2Frame.endStream : 0
                HTTP2Frame.append(.data, flags: flags, stream: first.stream, length: end - first.sent, to: &output)
                output += first.body[first.sent..<end]
                connectionWindow -= end - first.sent
                streamWindow -= end - first.sent
                first.sent = end
            }
            guard first.sent == first.body.count else {
                pending[0] = first
                return
            }
            pending.removeFirst()
        }
    }

    private mutating func updateWindow(stream: UInt32, by count: Int) {
        HTTP2Frame.append(.windowUpdate, flags: 0, stream: stream, length: 4, to: &output)
        HTTP2Frame.append(UInt32(count), to: &output)
    }
}
