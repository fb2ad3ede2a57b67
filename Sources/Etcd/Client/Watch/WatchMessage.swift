import Transport

/// One message of a watch stream (`WatchResponse`), with its events left where they are.
struct WatchMessage: Sendable {
    /// The field number of events.
    static let eventField = 11

    var header = ResponseHeader()
    /// The watch it is about, as we numbered it; -1 if it is about all, or about one that was refused.
    var watchID: Int64 = 0
    var isCreated = false
    var isCanceled = false
    var compactRevision: Int64 = 0
    var cancelReason = ""
    /// Whether the next message of this watch goes on where this one stops.
    var isFragment = false
    /// The events, nil if there are none.
    var events: WatchSegment?

    /// Decodes and checks everything, events included, so that visiting them later cannot fail.
    init(_ message: GRPCMessage) throws(ProtobufError) {
        self = try message.decode { (bytes) throws(ProtobufError) in try WatchMessage(bytes, of: message) }
    }

    private init(_ bytes: UnsafeRawBufferPointer, of message: GRPCMessage) throws(ProtobufError) {
        var (count, start, end) = (0, 0, 0)
        var (first, last) = (Int64(0), Int64(0))
        var reader = ProtobufReader(bytes)
        while true {
            let offset = reader.offset
            guard let field = try reader.next() else { break }
            switch field.number {
            case 1: header = try reader.message(ResponseHeader.self, field)
            case 2: watchID = try reader.int64(field)
            case 3: isCreated = try reader.bool(field)
            case 4: isCanceled = try reader.bool(field)
            case 5: compactRevision = try reader.int64(field)
            case 6: cancelReason = try reader.string(field)
            case 7: isFragment = try reader.bool(field)
            case Self.eventField:
                last = try WatchEventView(decoding: try reader.bytes(field)).keyValue.modRevision
                if count == 0 { (first, start) = (last, offset) }
                (count, end) = (count + 1, reader.offset)
            default: try reader.skip(field)
            }
        }
        guard count > 0 else { return }
        events = WatchSegment(
            message: message, bytes: start..<end, count: count, firstRevision: first, lastRevision: last)
    }
}

/// A run of events in a message.
struct WatchSegment: Sendable {
    let message: GRPCMessage
    /// Where the events lie in the message.
    let bytes: Range<Int>
    let count: Int
    let firstRevision: Int64
    let lastRevision: Int64

    /// Calls `body` with every event.
    func forEachEvent<Failure: Error>(_ body: (WatchEventView) throws(Failure) -> Void) throws(Failure) {
        try message.withSpan { (span) throws(Failure) in
            try span.withUnsafeBytes { (all) throws(Failure) in
                var reader = ProtobufReader(UnsafeRawBufferPointer(rebasing: all[bytes]))
                while let (event, _) = Self.nextEvent(&reader) { try body(event) }
            }
        }
    }

    /// The events before the first one of `revision` or a later one, and those from there on.
    ///
    /// Events come in the order of their revisions, as etcd sends them.
    func split(atRevision revision: Int64) -> (before: WatchSegment?, from: WatchSegment?) {
        if revision <= firstRevision { return (nil, self) }
        if revision > lastRevision { return (self, nil) }
        return message.withSpan { span in
            span.withUnsafeBytes { all in
                var reader = ProtobufReader(UnsafeRawBufferPointer(rebasing: all[bytes]))
                var passed = 0
                var previous = firstRevision
                while let (event, offset) = Self.nextEvent(&reader) {
                    if event.keyValue.modRevision >= revision {
                        let cut = bytes.lowerBound + offset
                        return (
                            part(bytes.lowerBound..<cut, passed, firstRevision, previous),
                            part(cut..<bytes.upperBound, count - passed, event.keyValue.modRevision, lastRevision)
                        )
                    }
                    previous = event.keyValue.modRevision
                    passed += 1
                }
                return (self, nil)
            }
        }
    }

    private func part(_ bytes: Range<Int>, _ count: Int, _ first: Int64, _ last: Int64) -> WatchSegment {
        WatchSegment(message: message, bytes: bytes, count: count, firstRevision: first, lastRevision: last)
    }

    private static func nextEvent(_ reader: inout ProtobufReader) -> (event: WatchEventView, offset: Int)? {
        do {
            while true {
                let offset = reader.offset
                guard let field = try reader.next() else { return nil }
                if field.number == WatchMessage.eventField {
                    return (try WatchEventView(decoding: try reader.bytes(field)), offset)
                }
                try reader.skip(field)
            }
        } catch {
            preconditionFailure("A message is decoded once in full before its events are visited: \(error)")
        }
    }
}
