/// Cuts the body of a gRPC answer into messages, wherever the chunks of the connection end.
///
/// A frame is one flag byte, four bytes of length in network order, and the message (gRPC over HTTP/2, "Requests").
/// The prefix gives the exact size, so each message is allocated once and never grows.
struct GRPCFrameReader {
    /// Why a body cannot be read on.
    enum Failure: Error, Equatable {
        /// The message is compressed, which this client never offers.
        case compressed
        /// The message is longer than `limit`.
        case tooLong(byteCount: Int)

        /// The failure as a sentence.
        var sentence: String {
            switch self {
            case .compressed: "the server sent a compressed message without having been asked to"
            case .tooLong(let byteCount):
                "the server announced a message of \(byteCount) bytes, above the limit of \(GRPCFrameReader.limit)"
            }
        }
    }

    /// The longest message accepted, in bytes.
    ///
    /// Beyond it a broken length is likelier than an answer.
    static let limit = 1 << 30

    private var prefix: UInt64 = 0
    private var prefixCount = 0
    private var message: GRPCMessage?
    private var filled = 0

    /// Whether nothing of an unfinished frame was read: only then may a body end.
    var isAtBoundary: Bool { prefixCount == 0 && message == nil }

    /// Reads on and hands each message that is complete to `body`.
    mutating func read(_ chunk: UnsafeRawBufferPointer, _ body: (GRPCMessage) -> Void) throws(Failure) {
        var rest = chunk[...]
        while !rest.isEmpty {
            if let message {
                let part = rest.prefix(message.byteCount - filled)
                message.fill(from: UnsafeRawBufferPointer(rebasing: part), at: filled)
                filled += part.count
                rest = rest.dropFirst(part.count)
                finishMessageIfComplete(body)
            } else {
                prefix = prefix << 8 | UInt64(rest[rest.startIndex])
                prefixCount += 1
                rest = rest.dropFirst()
                if prefixCount == 5 {
                    try beginMessage()
                    finishMessageIfComplete(body)
                }
            }
        }
    }

    private mutating func beginMessage() throws(Failure) {
        let byteCount = Int(prefix & 0xffff_ffff)
        if prefix >> 32 != 0 {
            throw .compressed
        }
        if byteCount > Self.limit {
            throw .tooLong(byteCount: byteCount)
        }
        prefix = 0
        prefixCount = 0
        filled = 0
        message = GRPCMessage(byteCount: byteCount)
    }

    private mutating func finishMessageIfComplete(_ body: (GRPCMessage) -> Void) {
        guard let complete = message, filled == complete.byteCount else {
            return
        }
        message = nil
        body(complete)
    }
}
