/// The frames of HTTP/2, as far as calls need them (RFC 9113, section 6).
enum HTTP2Frame {
    /// What a frame is for.
    enum Kind: UInt8 {
        case data = 0
        case headers = 1
        case priority = 2
        case reset = 3
        case settings = 4
        case pushPromise = 5
        case ping = 6
        case goAway = 7
        case windowUpdate = 8
        case continuation = 9
    }

    /// The head of a frame.
    struct Head {
        static let byteCount = 9

        var length: Int
        /// Nil for kinds that are to be passed over.
        var kind: Kind?
        var flags: UInt8
        var stream: UInt32

        /// Reads the head at `offset`, where its nine bytes must be.
        init(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
            length = Int(bytes[offset]) << 16 | Int(bytes[offset + 1]) << 8 | Int(bytes[offset + 2])
            kind = Kind(rawValue: bytes[offset + 3])
            flags = bytes[offset + 4]
            stream = HTTP2Frame.number(bytes, at: offset + 5) & 0x7fff_ffff
        }
    }

    /// Ends the stream, of DATA and HEADERS; acknowledges, of SETTINGS and PING.
    static let endStream: UInt8 = 1
    static let acknowledges: UInt8 = 1
    static let endHeaders: UInt8 = 4
    static let padded: UInt8 = 8

    /// Four bytes in network order.
    static func number(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt32 {
        UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// Appends the head of a frame.
    static func append(_ kind: Kind, flags: UInt8, stream: UInt32, length: Int, to bytes: inout [UInt8]) {
        bytes.append(UInt8(truncatingIfNeeded: length >> 16))
        bytes.append(UInt8(truncatingIfNeeded: length >> 8))
        bytes.append(UInt8(truncatingIfNeeded: length))
        bytes.append(kind.rawValue)
        bytes.append(flags)
        append(stream, to: &bytes)
    }

    /// Appends four bytes in network order.
    static func append(_ number: UInt32, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }
}
