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
