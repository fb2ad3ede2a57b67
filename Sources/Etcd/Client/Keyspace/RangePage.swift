import Transport

/// An answer to a range request whose keys and values stay in the memory it arrived in.
///
/// The whole answer is checked when it arrives, so that visiting it cannot fail. A page is a value that may be kept and
/// handed to other tasks; what it lends to a visitor may not.
public struct RangePage: Sendable {
    /// Who answered, and at which revision.
    public let header: ResponseHeader
    /// How many keys the page holds.
    public let keyCount: Int
    /// Whether a limit left keys out.
    public let hasMore: Bool
    /// How many keys the range holds at that revision, whatever the limit.
    public let count: Int64
    private let message: GRPCMessage

    /// The size of the page in bytes.
    public var byteCount: Int { message.byteCount }

    init(_ message: GRPCMessage) throws(ProtobufError) {
        self.message = message
        (header, keyCount, hasMore, count) = try message.decode { (bytes) throws(ProtobufError) in
            var header = ResponseHeader()
            var (keyCount, hasMore, count) = (0, false, Int64(0))
            var reader = ProtobufReader(bytes)
            while let field = try reader.next() {
                switch field.number {
                case 1: header = try reader.message(ResponseHeader.self, field)
                case 2:
                    _ = try KeyValueView(decoding: try reader.bytes(field))
                    keyCount += 1
                case 3: hasMore = try reader.bool(field)
                case 4: count = try reader.int64(field)
                default: try reader.skip(field)
                }
            }
            return (header, keyCount, hasMore, count)
        }
    }

    /// Calls `body` with every key-value pair in order.
    ///
    /// What it is lent must not be kept: copy it with `KeyValue(_:)`.
    public func forEachKeyValue<Failure: Error>(_ body: (KeyValueView) throws(Failure) -> Void) throws(Failure) {
        try message.withSpan { (span) throws(Failure) in
            try span.withUnsafeBytes { (bytes) throws(Failure) in
                var reader = ProtobufReader(bytes)
                while let view = Self.nextKeyValue(&reader) { try body(view) }
            }
        }
    }

    /// Lends all key-value pairs at once, in order, for who goes through two pages side by side.
    public func withKeyValues<Result, Failure: Error>(
        _ body: ([KeyValueView]) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try message.withSpan { (span) throws(Failure) in
            try span.withUnsafeBytes { (bytes) throws(Failure) in
                var views: [KeyValueView] = []
                views.reserveCapacity(keyCount)
                var reader = ProtobufReader(bytes)
                while let view = Self.nextKeyValue(&reader) { views.append(view) }
                return try body(views)
            }
        }
    }

    /// The key-value pairs as copies.
    public var keyValues: [KeyValue] {
        var pairs: [KeyValue] = []
        pairs.reserveCapacity(keyCount)
        forEachKeyValue { pairs.append(KeyValue($0)) }
        return pairs
    }

    private static func nextKeyValue(_ reader: inout ProtobufReader) -> KeyValueView? {
        do {
            while let field = try reader.next() {
                if field.number == 2 { return try KeyValueView(decoding: try reader.bytes(field)) }
                try reader.skip(field)
            }
            return nil
        } catch {
            preconditionFailure("A page is decoded once in full before it is made: \(error)")
        }
    }
}
