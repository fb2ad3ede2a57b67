/// A member of a cluster as the member list knows it.
public struct EtcdMember: Sendable, Hashable {
    /// Its ID; etcd's tools show it in hexadecimal.
    public var id: UInt64 = 0
    /// Its name; empty until the member has started for the first time.
    public var name = ""
    /// Where other members reach it.
    public var peerURLs: [String] = []
    /// Where clients reach it, as it says; empty until it has started for the first time.
    public var clientURLs: [String] = []
    /// Whether it only learns and has no vote.
    public var isLearner = false

    /// Makes a member.
    public init(
        id: UInt64 = 0, name: String = "", peerURLs: [String] = [], clientURLs: [String] = [], isLearner: Bool = false
    ) {
        self.id = id
        self.name = name
        self.peerURLs = peerURLs
        self.clientURLs = clientURLs
        self.isLearner = isLearner
    }

    /// Its ID as etcd's tools write it.
    public var idText: String { String(id, radix: 16) }
}

extension EtcdMember: DecodableMessage {
    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: id = try reader.uint64(field)
            case 2: name = try reader.string(field)
            case 3: peerURLs.append(try reader.string(field))
            case 4: clientURLs.append(try reader.string(field))
            case 5: isLearner = try reader.bool(field)
            default: try reader.skip(field)
            }
        }
    }
}

/// The members of a cluster.
public struct EtcdMemberList: Sendable, Hashable {
    /// Who answered.
    public var header = ResponseHeader()
    /// The members, in no particular order.
    public var members: [EtcdMember] = []

    /// Makes an empty list.
    public init() {}
}

extension EtcdMemberList: DecodableMessage {
    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: header = try reader.message(ResponseHeader.self, field)
            case 2: members.append(try reader.message(EtcdMember.self, field))
            default: try reader.skip(field)
            }
        }
    }
}

/// The answer to an addition.
public struct EtcdMemberAddition: Sendable, Hashable {
    /// Who answered.
    public var header = ResponseHeader()
    /// The new member.
    public var member = EtcdMember()
    /// All members, the new one among them.
    public var members: [EtcdMember] = []

    /// Makes an empty response.
    public init() {}
}

extension EtcdMemberAddition: DecodableMessage {
    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: header = try reader.message(ResponseHeader.self, field)
            case 2: member = try reader.message(EtcdMember.self, field)
            case 3: members.append(try reader.message(EtcdMember.self, field))
            default: try reader.skip(field)
            }
        }
    }
}
