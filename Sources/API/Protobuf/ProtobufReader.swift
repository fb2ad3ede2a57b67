/// Reads the fields of one message in the wire format of protocol buffers, one after the other.
///
/// Nothing is copied and nothing is reserved by what the bytes claim: a length beyond the end is an error.
struct ProtobufReader {
    /// What a field holds, as far as the wire tells.
    enum Content {
        /// A number (wire type 0).
        case number(UInt64)
        /// Text, bytes or a message (wire type 2).
        case bytes(ArraySlice<UInt8>)
        /// A number of fixed size (wire types 1 and 5), which no message read here has.
        case skipped
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    /// The next field; nil at the end.
    ///
    /// - Throws: `.malformed` for bytes that are no field.
    mutating func next() throws(ProtobufError) -> (number: UInt64, content: Content)? {
        guard !rest.isEmpty else { return nil }
        let tag = try varint()
        let number = tag >> 3
        guard number > 0, number < 1 << 29 else { throw .malformed("a field has the number \(number)") }
        switch tag & 7 {
        case 0: return (number, .number(try varint()))
        case 1: return (number, try skip(8))
        case 2:
            let length = try varint()
            guard length <= UInt64(rest.count) else {
                throw .malformed("field \(number) claims \(length) bytes where \(rest.count) are left")
            }
            let content = rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
            return (number, .bytes(content))
        case 5: return (number, try skip(4))
        default: throw .malformed("field \(number) has the wire type \(tag & 7)")
        }
    }

    private mutating func skip(_ count: Int) throws(ProtobufError) -> Content {
        guard rest.count >= count else { throw .malformed("the message ends within a field") }
        rest = rest.dropFirst(count)
        return .skipped
    }

    private mutating func varint() throws(ProtobufError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = rest.popFirst() {
            // The tenth byte holds the last bit of 64.
            guard shift < 63 || byte <= 1 else { throw .malformed("a number has more than 64 bits") }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw .malformed("the message ends within a number")
    }
}
