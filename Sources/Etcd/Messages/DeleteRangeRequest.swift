/// Keys to be deleted.
public struct DeleteRangeRequest: Sendable, Hashable {
    /// The keys.
    public var range: KeyRange
    /// Whether the answer brings what they held.
    public var returnsPrevious: Bool

    /// Makes a request.
    public init(_ range: KeyRange, returnsPrevious: Bool = false) {
        self.range = range
        self.returnsPrevious = returnsPrevious
    }
}

extension DeleteRangeRequest: EncodableMessage {
    func encode(to writer: inout ProtobufWriter) {
        writer.bytes(1, range.start)
        writer.bytes(2, range.encodedEnd)
        writer.bool(3, returnsPrevious)
    }
}

/// The answer to a deletion.
public struct DeleteRangeResponse: Sendable, Hashable {
    /// Who answered; its revision is that of the deletion.
    public var header = ResponseHeader()
    /// How many keys were deleted.
    public var deleted: Int64 = 0
    /// What they held, if that was asked for.
    public var previous: [KeyValue] = []

    /// Makes an empty response.
    public init() {}
}

extension DeleteRangeResponse: DecodableMessage {
    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: header = try reader.message(ResponseHeader.self, field)
            case 2: deleted = try reader.int64(field)
            case 3: previous.append(try KeyValue(decoding: try reader.bytes(field)))
            default: try reader.skip(field)
            }
        }
    }
}
