/// A forward cursor over the fields of one protobuf message that lies in memory it does not own.
///
/// Every read is checked against the bounds, so hostile or damaged bytes throw and never read outside the buffer.
/// Nothing is copied unless `array` or `string` is asked for. The buffers handed out are slices of the message and
/// must not outlive the closure that lent the message.
///
/// ```
/// var reader = ProtobufReader(bytes)
/// while let field = try reader.next() {
///     switch field.number {
///     case 1: key = try reader.bytes(field)
///     case 3: revision = try reader.int64(field)
///     default: try reader.skip(field)
///     }
/// }
/// ```
public struct ProtobufReader {
    /// The tag of one field: which field it is and how its value is laid out.
    public struct Field: Sendable, Hashable {
        /// The field number of the message's declaration.
        public let number: Int
        /// How the value is laid out.
        public let wireType: WireType
    }

    /// The layouts of a value that proto3 knows.
    public enum WireType: UInt8, Sendable {
        /// A base-128 number: integers, booleans and enums.
        case varint = 0
        /// Eight bytes, little endian.
        case fixed64 = 1
        /// A length and that many bytes: bytes, strings, messages and packed numbers.
        case lengthDelimited = 2
        /// Four bytes, little endian.
        case fixed32 = 5
    }

    private let buffer: UnsafeRawBufferPointer

    /// Where the next tag or value begins, in bytes from the start of the message.
    public private(set) var offset = 0

    /// Makes a reader at the start of `buffer`.
    public init(_ buffer: UnsafeRawBufferPointer) {
        self.buffer = buffer
    }

    /// Reads the next tag, or returns nil at the end of the message.
    ///
    /// - Throws: `ProtobufError` if the tag is malformed.
    public mutating func next() throws(ProtobufError) -> Field? {
        guard offset < buffer.count else { return nil }
        let start = offset
        let tag = try varint()
        let number = tag >> 3
        guard number > 0, number < 1 << 29 else { throw .invalidFieldNumber(offset: start) }
        let type = UInt8(truncatingIfNeeded: tag & 7)
        guard let wireType = WireType(rawValue: type) else { throw .invalidWireType(type, offset: start) }
        return Field(number: Int(number), wireType: wireType)
    }

    /// Reads an unsigned 64-bit number.
    public mutating func uint64(_ field: Field) throws(ProtobufError) -> UInt64 {
        guard field.wireType == .varint else { throw mismatch(field) }
        return try varint()
    }

    /// Reads a signed 64-bit number (two's complement, as protobuf's int64 is).
    public mutating func int64(_ field: Field) throws(ProtobufError) -> Int64 {
        Int64(bitPattern: try uint64(field))
    }

    /// Reads a boolean.
    public mutating func bool(_ field: Field) throws(ProtobufError) -> Bool {
        try uint64(field) != 0
    }

    /// Reads bytes, a string or a nested message as a slice of this message.
    public mutating func bytes(_ field: Field) throws(ProtobufError) -> UnsafeRawBufferPointer {
        guard field.wireType == .lengthDelimited else { throw mismatch(field) }
        let length = try varint()
        guard length <= UInt64(buffer.count - offset) else { throw .truncated(offset: offset) }
        let end = offset + Int(length)
        defer { offset = end }
        return UnsafeRawBufferPointer(rebasing: buffer[offset..<end])
    }

    /// Reads bytes as an array of their own.
    public mutating func array(_ field: Field) throws(ProtobufError) -> [UInt8] {
        [UInt8](try bytes(field))
    }

    /// Reads a string.
    ///
    /// - Throws: `ProtobufError.invalidUTF8` if it is none.
    public mutating func string(_ field: Field) throws(ProtobufError) -> String {
        guard let text = String(validating: try bytes(field), as: UTF8.self) else {
            throw .invalidUTF8(field: field.number)
        }
        return text
    }

    /// Reads a repeated number, whether it came packed or one by one, and appends it to `values`.
    public mutating func append(_ field: Field, to values: inout [UInt64]) throws(ProtobufError) {
        guard field.wireType == .lengthDelimited else {
            values.append(try uint64(field))
            return
        }
        var packed = ProtobufReader(try bytes(field))
        while packed.offset < packed.buffer.count {
            values.append(try packed.varint())
        }
    }

    /// Passes over the value of a field that this program does not know.
    public mutating func skip(_ field: Field) throws(ProtobufError) {
        switch field.wireType {
        case .varint: _ = try varint()
        case .fixed64: try advance(by: 8)
        case .fixed32: try advance(by: 4)
        case .lengthDelimited: _ = try bytes(field)
        }
    }

    private mutating func advance(by count: Int) throws(ProtobufError) {
        guard count <= buffer.count - offset else { throw .truncated(offset: offset) }
        offset += count
    }

    private func mismatch(_ field: Field) -> ProtobufError {
        .unexpectedWireType(field: field.number, offset: offset)
    }

    private mutating func varint() throws(ProtobufError) -> UInt64 {
        let start = offset
        guard start < buffer.count else { throw .truncated(offset: start) }
        let first = buffer[start]
        if first < 0x80 {
            offset = start + 1
            return UInt64(first)
        }
        var value = UInt64(first & 0x7f)
        var shift: UInt64 = 7
        var position = start + 1
        while position < buffer.count {
            let byte = buffer[position]
            position += 1
            // The tenth byte holds bit 63 only; etcd never sends more, but the bytes may be damaged.
            guard shift < 63 || byte <= 1 else { throw .varintTooLong(offset: start) }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 {
                offset = position
                return value
            }
            shift += 7
        }
        throw .truncated(offset: position)
    }
}
