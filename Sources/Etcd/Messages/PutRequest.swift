/// A key to be written.
public struct PutRequest: Sendable, Hashable {
    /// What the key holds afterwards.
    public enum Value: Sendable, Hashable {
        /// These bytes.
        case bytes([UInt8])
        /// What it held before; the key must exist.
        case unchanged
    }

    /// Which lease the key has afterwards.
    public enum Lease: Sendable, Hashable {
        /// None.
        case none
        /// This one.
        case id(Int64)
        /// The one it had before; the key must exist.
        case unchanged
    }

    /// The key.
    public var key: [UInt8]
    /// What it is to hold.
    public var value: Value
    /// Which lease it is to have.
    public var lease: Lease
    /// Whether the answer brings what the key held before.
    public var returnsPrevious: Bool

    /// Makes a request.
    public init(key: [UInt8], value: Value, lease: Lease = .none, returnsPrevious: Bool = false) {
        self.key = key
        self.value = value
        self.lease = lease
        self.returnsPrevious = returnsPrevious
    }

    /// Makes a request that writes `value`.
    public init(_ key: [UInt8], _ value: [UInt8], lease: Lease = .none, returnsPrevious: Bool = false) {
        self.init(key: key, value: .bytes(value), lease: lease, returnsPrevious: returnsPrevious)
    }

    /// Makes a request that writes text.
    public init(_ key: String, _ value: String, lease: Lease = .none, returnsPrevious: Bool = false) {
        self.init([UInt8](key.utf8), [UInt8](value.utf8), lease: lease, returnsPrevious: returnsPrevious)
    }
}

extension PutRequest: EncodableMessage {
    func encode(to writer: inout ProtobufWriter) {
        writer.bytes(1, key)
        if case .bytes(let bytes) = value { writer.bytes(2, bytes) }
        if case .id(let id) = lease { writer.int64(3, id) }
        writer.bool(4, returnsPrevious)
        writer.bool(5, value == .unchanged)
        writer.bool(6, lease == .unchanged)
    }
}

/// The answer to a write.
public struct PutResponse: Sendable, Hashable {
    /// Who answered; its revision is that of the write.
    public var header = ResponseHeader()
    /// What the key held before, if that was asked for and it existed.
    public var previous: KeyValue?

    /// Makes an empty response.
    public init() {}
}

extension PutResponse: DecodableMessage {
    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: header = try reader.message(ResponseHeader.self, field)
            case 2: previous = try KeyValue(decoding: try reader.bytes(field))
            default: try reader.skip(field)
            }
        }
    }
}
