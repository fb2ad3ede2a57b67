/// The hash of a member's key-value store at one revision.
///
/// Two hashes say something about each other only if revision and `compactRevision` are the same.
public struct HashKV: Sendable, Hashable {
    /// Who answered; its revision is the newest of the member, not that of the hash.
    public var header = ResponseHeader()
    /// The hash: CRC-32C over keys and values.
    public var hash: UInt32 = 0
    /// The revision of the last compaction that the hash saw, -1 if there was none.
    public var compactRevision: Int64 = 0
    /// The revision of the hash, from etcd 3.6 on.
    public var hashRevision: Int64?

    /// Makes an empty response.
    public init() {}
}

extension HashKV: DecodableMessage {
    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: header = try reader.message(ResponseHeader.self, field)
            case 2: hash = UInt32(truncatingIfNeeded: try reader.uint64(field))
            case 3: compactRevision = try reader.int64(field)
            case 4: hashRevision = try reader.int64(field)
            default: try reader.skip(field)
            }
        }
    }
}
