import Transport

/// A piece of a database file, in the memory it arrived in.
public struct SnapshotChunk: Sendable {
    /// How many bytes of the file are still to come after this piece.
    public let remainingBytes: UInt64
    /// The size of the piece in bytes.
    public let byteCount: Int
    /// The storage version of the file, from etcd 3.6 on.
    public let storageVersion: String?
    private let message: GRPCMessage
    private let start: Int

    init(_ message: GRPCMessage) throws(ProtobufError) {
        self.message = message
        (remainingBytes, byteCount, start, storageVersion) = try message.decode { (bytes) throws(ProtobufError) in
            var (remaining, count, start) = (UInt64(0), 0, 0)
            var version: String?
            var reader = ProtobufReader(bytes)
            while let field = try reader.next() {
                switch field.number {
                case 2: remaining = try reader.uint64(field)
                case 3:
                    count = try reader.bytes(field).count
                    start = reader.offset - count
                case 4: version = try reader.string(field)
                default: try reader.skip(field)
                }
            }
            return (remaining, count, start, version)
        }
    }

    /// Calls `body` with the bytes, which are only lent.
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try message.withSpan { (span) throws(Failure) -> Result in
            try span.withUnsafeBytes { (bytes) throws(Failure) -> Result in
                try body(UnsafeRawBufferPointer(rebasing: bytes[start..<start + byteCount]))
            }
        }
    }

    /// The bytes as a copy.
    public var bytes: [UInt8] { withBytes { [UInt8]($0) } }
}
