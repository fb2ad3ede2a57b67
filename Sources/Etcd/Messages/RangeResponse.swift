/// The keys of a range.
public struct RangeResponse: Sendable, Hashable {
    /// Who answered, and at which revision.
    public var header = ResponseHeader()
    /// The keys asked for.
    public var keyValues: [KeyValue] = []
    /// Whether a limit left keys out.
    public var hasMore = false
    /// How many keys the range holds at that revision, whatever the limit.
    public var count: Int64 = 0

    /// Makes an empty response.
    public init() {}
}

extension RangeResponse: DecodableMessage {
    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: header = try reader.message(ResponseHeader.self, field)
            case 2: keyValues.append(try KeyValue(decoding: try reader.bytes(field)))
            case 3: hasMore = try reader.bool(field)
            case 4: count = try reader.int64(field)
            default: try reader.skip(field)
            }
        }
    }
}
