/// A reason why bytes are not the protobuf message they were taken for.
public enum ProtobufError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The message ends inside a field; `offset` is where the missing bytes should begin.
    case truncated(offset: Int)
    /// A varint is longer than the ten bytes that 64 bits can need.
    case varintTooLong(offset: Int)
    /// A tag names field number zero, which no message has, or one beyond 2^29 - 1.
    case invalidFieldNumber(offset: Int)
    /// A tag names a wire type that proto3 does not use (groups, 6 and 7).
    case invalidWireType(UInt8, offset: Int)
    /// A field has another wire type than its declaration.
    case unexpectedWireType(field: Int, offset: Int)
    /// A string field is not UTF-8.
    case invalidUTF8(field: Int)

    /// A sentence saying what is wrong with the bytes, and where.
    public var description: String {
        switch self {
        case .truncated(let offset):
            "The protobuf message ends in the middle of a field at byte \(offset)."
        case .varintTooLong(let offset):
            "The protobuf message has a varint of more than ten bytes at byte \(offset)."
        case .invalidFieldNumber(let offset):
            "The protobuf message has an impossible field number at byte \(offset)."
        case .invalidWireType(let type, let offset):
            "The protobuf message uses wire type \(type) at byte \(offset), which proto3 does not have."
        case .unexpectedWireType(let field, let offset):
            "Protobuf field \(field) has an unexpected wire type at byte \(offset)."
        case .invalidUTF8(let field):
            "Protobuf field \(field) should be text but is not UTF-8."
        }
    }
}
