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
    /// Of a stream: until the answer's head is there. With `idleTimeout`, of a call: until the request is on its way.
    public var timeout: Duration
    /// The longest time without progress, sending or receiving; `nil` gives a stream all time, a call its `timeout`.
    public var idleTimeout: Duration?
    /// Whether the body is held back until the server has seen the head and not refused it (RFC 9110 section 10.1.1).
    ///
    /// For bodies of megabytes: a refusal then comes as an answer instead of a connection that breaks. A server that
    /// says nothing gets the body after a second.
    public var awaitsPermission: Bool
    /// Whether the server may see the request twice without harm.
    ///
    /// The initial value follows the method, by RFC 9110 section 9.2.2: all but POST, PATCH and CONNECT.
    public var isIdempotent: Bool
    /// The longest body of an answer that is accepted, in bytes; streams have no limit.
    public var maximumAnswerByteCount: Int

    /// Creates a request.
    public init(
        method: String = "GET", path: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        timeout: Duration = .seconds(10), idleTimeout: Duration? = nil, awaitsPermission: Bool = false,
        maximumAnswerByteCount: Int = 64 << 20
    ) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.idleTimeout = idleTimeout
        self.awaitsPermission = awaitsPermission
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
        var lines = [awaitsPermission && body != nil ? "Expect: 100-continue" : "Expect:"]
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
        // Only what the observer supplies piece by piece shows how an upload moves.
        let isSupplied = kind == .call && idleTimeout != nil && content?.isEmpty == false
        return TransferRequest(
            kind: kind, method: method, path: path, headers: lines,
            body: content.map { isSupplied ? .streamed(byteCount: $0.count) : .bytes(RequestBody($0)) } ?? .none,
            deadline: .after(timeout),
            idleTimeout: idleTimeout?.limited, isIdempotent: isIdempotent)
    }
}
