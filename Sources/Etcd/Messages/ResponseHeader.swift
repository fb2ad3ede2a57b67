/// What every answer of etcd says about the member that gave it.
public struct ResponseHeader: Sendable, Hashable {
    /// The cluster the member belongs to; etcd's tools show it in hexadecimal.
    public var clusterID: UInt64 = 0
    /// The member that answered; etcd's tools show it in hexadecimal.
    public var memberID: UInt64 = 0
    /// The revision of the member's key-value store when it answered.
    public var revision: Int64 = 0
    /// The raft term of the member.
    public var raftTerm: UInt64 = 0

    /// Makes a header.
    public init(clusterID: UInt64 = 0, memberID: UInt64 = 0, revision: Int64 = 0, raftTerm: UInt64 = 0) {
        self.clusterID = clusterID
        self.memberID = memberID
        self.revision = revision
        self.raftTerm = raftTerm
    }
}

extension ResponseHeader: DecodableMessage {
    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: clusterID = try reader.uint64(field)
            case 2: memberID = try reader.uint64(field)
            case 3: revision = try reader.int64(field)
            case 4: raftTerm = try reader.uint64(field)
            default: try reader.skip(field)
            }
        }
    }
}
