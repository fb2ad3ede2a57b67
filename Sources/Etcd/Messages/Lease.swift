/// A new or renewed lease.
public struct LeaseGrant: Sendable, Hashable {
    /// Who answered.
    public var header = ResponseHeader()
    /// The lease; etcd's tools show it in hexadecimal.
    public var id: Int64 = 0
    /// How long it lives without renewal, as the server decided: whole seconds.
    public var timeToLive: Duration = .zero

    /// Makes an empty response.
    public init() {}
}

extension LeaseGrant: DecodableMessage {
    // LeaseGrantResponse and LeaseKeepAliveResponse have the same fields.
    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: header = try reader.message(ResponseHeader.self, field)
            case 2: id = try reader.int64(field)
            case 3: timeToLive = .seconds(try reader.int64(field))
            default: try reader.skip(field)
            }
        }
    }
}

/// What is known of a lease that exists.
public struct LeaseStatus: Sendable, Hashable {
    /// Who answered.
    public var header = ResponseHeader()
    /// The lease.
    public var id: Int64 = 0
    /// How long it still lives without renewal; negative if it does not exist.
    public var remaining: Duration = .zero
    /// How long it lives from a renewal.
    public var granted: Duration = .zero
    /// The keys that end with it, if they were asked for.
    public var keys: [[UInt8]] = []

    /// Whether the lease still exists.
    public var exists: Bool { remaining >= .zero }

    /// Makes an empty response.
    public init() {}
}

extension LeaseStatus: DecodableMessage {
    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: header = try reader.message(ResponseHeader.self, field)
            case 2: id = try reader.int64(field)
            case 3: remaining = .seconds(try reader.int64(field))
            case 4: granted = .seconds(try reader.int64(field))
            case 5: keys.append(try reader.array(field))
            default: try reader.skip(field)
            }
        }
    }
}

/// The leases of a cluster.
struct LeaseList: DecodableMessage {
    var header = ResponseHeader()
    var ids: [Int64] = []

    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            guard field.number == 2 else {
                if field.number == 1 {
                    header = try reader.message(ResponseHeader.self, field)
                } else {
                    try reader.skip(field)
                }
                continue
            }
            var id: Int64 = 0
            var lease = ProtobufReader(try reader.bytes(field))
            while let part = try lease.next() {
                if part.number == 1 { id = try lease.int64(part) } else { try lease.skip(part) }
            }
            ids.append(id)
        }
    }
}
