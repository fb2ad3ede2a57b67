/// A buffer that protobuf fields are appended to.
///
/// Values equal to proto3's default (zero, false, empty) are left out, as every protobuf writer does; where the
/// presence of such a value means something, as in a oneof, `isRequired` keeps it.
public struct ProtobufWriter: Sendable {
    /// The message so far.
    public private(set) var bytes: [UInt8] = []

    /// Makes an empty message with room for `capacity` bytes.
    public init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    /// The size of the message so far, in bytes.
    public var count: Int { bytes.count }

    /// Empties the message and keeps its memory.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
    }

    /// Appends an unsigned number.
    public mutating func uint64(_ field: Int, _ value: UInt64, isRequired: Bool = false) {
        guard value != 0 || isRequired else { return }
        tag(field, .varint)
        varint(value)
    }

    /// Appends a signed number; negative ones take ten bytes.
    public mutating func int64(_ field: Int, _ value: Int64, isRequired: Bool = false) {
        uint64(field, UInt64(bitPattern: value), isRequired: isRequired)
    }

    /// Appends a boolean.
    public mutating func bool(_ field: Int, _ value: Bool) {
        uint64(field, value ? 1 : 0)
    }

    /// Appends bytes.
    public mutating func bytes(_ field: Int, _ value: [UInt8], isRequired: Bool = false) {
        guard !value.isEmpty || isRequired else { return }
        tag(field, .lengthDelimited)
        varint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// Appends bytes from memory that is only lent.
    public mutating func bytes(_ field: Int, _ value: UnsafeRawBufferPointer, isRequired: Bool = false) {
        guard !value.isEmpty || isRequired else { return }
        tag(field, .lengthDelimited)
        varint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// Appends a string as UTF-8.
    public mutating func string(_ field: Int, _ value: String) {
        bytes(field, [UInt8](value.utf8))
    }

    /// Appends fields that were written apart.
    public mutating func append(_ fields: ProtobufWriter) {
        bytes.append(contentsOf: fields.bytes)
    }

    /// Appends a nested message that `body` writes, also when it stays empty.
    public mutating func message(_ field: Int, _ body: (inout ProtobufWriter) -> Void) {
        tag(field, .lengthDelimited)
        // The length is known only afterwards. One byte is kept for it; longer lengths push the body along, which is
        // one memmove of bytes that are in the cache anyway.
        let position = bytes.count
        bytes.append(0)
        body(&self)
        var length = UInt64(bytes.count - position - 1)
        guard length >= 0x80 else {
            bytes[position] = UInt8(length)
            return
        }
        var prefix: [UInt8] = []
        while length >= 0x80 {
            prefix.append(UInt8(truncatingIfNeeded: length) | 0x80)
            length >>= 7
        }
        prefix.append(UInt8(length))
        bytes.replaceSubrange(position...position, with: prefix)
    }

    private mutating func tag(_ field: Int, _ type: ProtobufReader.WireType) {
        varint(UInt64(field) << 3 | UInt64(type.rawValue))
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
