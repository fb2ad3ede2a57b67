/// What the server answers to one request.
public struct HTTPServerResponse: Sendable {
    /// A response's content.
    public enum Body: Sendable {
        /// Content that is complete; the server sends its length along.
        case bytes([UInt8])
        /// Content that is produced while it is sent, for as long as both sides like.
        case stream(HTTPServerStream)
    }

    /// The status code, for example 200.
    public var status: Int
    /// The header fields; the server adds `Date`, `Content-Length` or `Transfer-Encoding`, and `Connection`.
    public var headers: [HTTPServerField]
    /// The content.
    public var body: Body

    /// Makes a response.
    ///
    /// - Parameters:
    ///   - status: The status code.
    ///   - headers: The header fields.
    ///   - body: The content.
    public init(status: Int, headers: [HTTPServerField] = [], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Makes a response of plain text, closed by a line feed.
    public static func text(_ text: String, status: Int = 200) -> HTTPServerResponse {
        HTTPServerResponse(
            status: status, headers: [HTTPServerField("Content-Type", "text/plain; charset=utf-8")],
            body: .bytes(Array(text.utf8) + [UInt8(ascii: "\n")]))
    }
}

/// A response body that goes on: `produce` writes until it returns, the client leaves or the server stops.
public struct HTTPServerStream: Sendable {
    /// How many bytes may wait for a slow client before the writer waits too, or the client is cut.
    public var queueLimit: Int
    /// What is sent when nothing else was for a while, so that both sides notice a dead peer; empty for nothing.
    public var heartbeat: [UInt8]
    /// Writes the stream; its task is cancelled when the client leaves or the server stops.
    public var produce: @Sendable (HTTPStreamWriter) async -> Void

    /// Makes a stream.
    ///
    /// - Parameters:
    ///   - queueLimit: How many bytes may wait for a slow client.
    ///   - heartbeat: What is sent in quiet times.
    ///   - produce: Writes the stream.
    public init(
        queueLimit: Int = 256 * 1024, heartbeat: [UInt8] = [],
        produce: @escaping @Sendable (HTTPStreamWriter) async -> Void
    ) {
        self.queueLimit = queueLimit
        self.heartbeat = heartbeat
        self.produce = produce
    }
}
