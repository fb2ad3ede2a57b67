/// What a role may do with which keys.
public struct EtcdPermission: Sendable, Hashable {
    /// What is allowed.
    public enum Access: UInt64, Sendable, Hashable {
        /// Reading and watching.
        case read = 0
        /// Writing and deleting.
        case write = 1
        /// Both.
        case readWrite = 2
    }

    /// What is allowed.
    public var access: Access
    /// With which keys.
    public var range: KeyRange

    /// Makes a permission.
    public init(_ access: Access, on range: KeyRange) {
        self.access = access
        self.range = range
    }
}

extension EtcdPermission: EncodableMessage {
    func encode(to writer: inout ProtobufWriter) {
        writer.uint64(1, access.rawValue)
        writer.bytes(2, range.start)
        writer.bytes(3, range.encodedEnd)
    }
}

extension EtcdPermission: DecodableMessage {
    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        var access = Access.read
        var start: [UInt8] = []
        var end: [UInt8] = []
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: access = Access(rawValue: try reader.uint64(field)) ?? .read
            case 2: start = try reader.array(field)
            case 3: end = try reader.array(field)
            default: try reader.skip(field)
            }
        }
        self.init(access, on: KeyRange(start: start, encodedEnd: end))
    }
}

extension KeyRange {
    /// Takes a range as etcd encodes it.
    init(start: [UInt8], encodedEnd: [UInt8]) {
        switch encodedEnd {
        case []: self.init(start: start, end: .single)
        case [0]: self.init(start: start, end: .open)
        default: self.init(start: start, end: .before(encodedEnd))
        }
    }
}
