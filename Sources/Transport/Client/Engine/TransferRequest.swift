/// One exchange as the engine runs it, whatever the protocol above.
struct TransferRequest: Sendable {
    /// How long it lasts and which connections it uses.
    enum Kind: Sendable {
        /// A request and its answer on a shared connection, both before the deadline.
        case call
        /// Messages in both directions on a connection of its own, without an end in time.
        case stream
        /// A connection of its own, opened before the deadline and closed again, without a request.
        case connect
    }

    /// Where the body of the request comes from.
    enum Body: Sendable {
        /// No body.
        case none
        /// All of it at once.
        case bytes(RequestBody)
        /// Piece by piece from the observer; so many bytes, if that is known.
        case streamed(byteCount: Int?)
    }

    /// Call, stream or only a connection.
    var kind: Kind
    /// GET, POST and so on.
    var method: String
    /// Path and query, already percent-encoded.
    var path: String
    /// Header lines as they go over the wire.
    var headers: [String]
    /// The body.
    var body: Body = .none
    /// When the transfer must have finished; with an idle timeout, when its request must be on the way.
    var deadline: ContinuousClock.Instant
    /// Which connections it may use.
    var lane: Lane = .unary
    /// The longest time without a byte in either direction; of a call, instead of its deadline once it is on the way.
    var idleTimeout: Duration?
    /// Whether the server may see it twice.
    var isIdempotent = false
    /// The time left when it starts goes into a `grpc-timeout` header, and the server gets this much longer.
    var serverGrace: Duration?
}

/// The bytes of a request in memory that does not move, so that libcurl need not copy them.
///
/// `@unchecked Sendable` holds because the bytes never change after `init`.
final class RequestBody: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let byteCount: Int

    /// A gRPC frame around a message: flag byte, length, bytes.
    init(framing message: [UInt8]) {
        byteCount = message.count + 5
        base = .allocate(byteCount: byteCount, alignment: 8)
        base.storeBytes(of: 0, as: UInt8.self)
        base.storeBytes(of: UInt32(message.count).bigEndian, toByteOffset: 1, as: UInt32.self)
        message.withUnsafeBytes { copy($0, at: 5) }
    }

    /// The bytes as they are.
    init(_ bytes: [UInt8]) {
        byteCount = bytes.count
        base = .allocate(byteCount: max(byteCount, 1), alignment: 8)
        bytes.withUnsafeBytes { copy($0, at: 0) }
    }

    deinit { base.deallocate() }

    private func copy(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        if let source = bytes.baseAddress {
            base.advanced(by: offset).copyMemory(from: source, byteCount: bytes.count)
        }
    }
}
