/// One HTTP/1.1 request.
public struct HTTPClientRequest: Sendable {
    /// The method, in capitals.
    public var method: String
    /// Path and query, percent-encoded, from the first `/` on.
    public var path: String
    /// Additional header fields; `Host`, `Content-Length` and `User-Agent` are set by themselves.
    public var headers: [(name: String, value: String)]
    /// The body; `nil` for none.
    public var body: [UInt8]?
    /// How long it may take, waiting for a free connection included.
    ///
    /// Of a stream: until the answer's head is there.
    public var timeout: Duration
    /// Of a stream: the longest silence of the server before the stream fails; `nil` waits for ever.
    public var idleTimeout: Duration?
    /// Whether the server may see the request twice without harm.
    ///
    /// The initial value follows the method, by RFC 9110 section 9.2.2: all but POST, PATCH and CONNECT.
    public var isIdempotent: Bool
    /// The longest body of an answer that is accepted, in bytes; streams have no limit.
    public var maximumAnswerByteCount: Int

    /// Creates a request.
    public init(
        method: String = "GET", path: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        timeout: Duration = .seconds(10), idleTimeout: Duration? = nil, maximumAnswerByteCount: Int = 64 << 20
    ) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.idleTimeout = idleTimeout
        self.isIdempotent = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"].contains(method)
        self.maximumAnswerByteCount = maximumAnswerByteCount
    }

    /// The request as the engine runs it.
    func transferRequest(_ kind: TransferRequest.Kind) throws(HTTPClientError.Invalid) -> TransferRequest {
        guard !method.isEmpty, method.utf8.allSatisfy({ UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 }) else {
            throw .init(sentence: "the method \"\(method)\" is not made of capital letters")
        }
        guard path.first == "/", path.utf8.allSatisfy({ 0x21...0x7e ~= $0 && $0 != UInt8(ascii: "#") }) else {
            throw .init(sentence: "the path \"\(path)\" must begin with / and be percent-encoded")
        }
        // Empty fields keep libcurl from sending its own.
        var lines = ["Expect:"]
        if !headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            lines.append("Content-Type:")
        }
        for (name, value) in headers {
            guard let line = HeaderLine.make(name, value) else {
                throw .init(sentence: "the header \"\(name)\" has characters that are not allowed")
            }
            lines.append(line)
        }
        // Servers expect a length with these methods, be it 0.
        let content = body ?? (["POST", "PUT", "PATCH"].contains(method) ? [] : nil)
        return TransferRequest(
            kind: kind, method: method, path: path, headers: lines,
            body: content.map { .bytes(RequestBody($0)) } ?? .none, deadline: .after(timeout),
            idleTimeout: idleTimeout?.limited, isIdempotent: isIdempotent)
    }
}
