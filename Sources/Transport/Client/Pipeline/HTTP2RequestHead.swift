/// The header block of a gRPC request, the same for every call of a pipeline (RFC 7541; gRPC over HTTP/2, "Requests").
///
/// Names come from the static table where it has them, values are written out, nothing is entered in a table: it is a
/// hundred bytes, and no state that both sides would have to share.
struct HTTP2RequestHead {
    /// The block.
    let bytes: [UInt8]

    /// Makes the block; `nil` if a name or value of the metadata cannot be a header.
    init?(_ endpoint: Endpoint, path: String, metadata: [(name: String, value: String)]) {
        var bytes: [UInt8] = [0x83]  // ":method: POST"
        bytes.append(endpoint.scheme == .https ? 0x87 : 0x86)  // ":scheme"
        Self.append(nameIndex: 1, endpoint.requestAuthority, to: &bytes)
        Self.append(nameIndex: 4, path, to: &bytes)
        Self.append(nameIndex: 31, "application/grpc+proto", to: &bytes)
        for (name, value) in [(name: "te", value: "trailers")] + metadata {
            guard HeaderLine.make(name, value) != nil else { return nil }
            bytes.append(0)
            Self.append(text: name.lowercased(), to: &bytes)
            Self.append(text: value, to: &bytes)
        }
        self.bytes = bytes
    }

    private static func append(nameIndex: Int, _ value: String, to bytes: inout [UInt8]) {
        append(nameIndex, prefixBits: 4, to: &bytes)
        append(text: value, to: &bytes)
    }

    private static func append(text: String, to bytes: inout [UInt8]) {
        append(text.utf8.count, prefixBits: 7, to: &bytes)
        bytes.append(contentsOf: text.utf8)
    }

    /// Appends an integer whose first bits share a byte with zeros (RFC 7541, section 5.1).
    static func append(_ number: Int, prefixBits: Int, to bytes: inout [UInt8]) {
        let limit = 1 << prefixBits - 1
        guard number >= limit else {
            bytes.append(UInt8(number))
            return
        }
        bytes.append(UInt8(limit))
        var rest = number - limit
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
