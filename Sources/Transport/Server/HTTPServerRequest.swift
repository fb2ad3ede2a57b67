/// One HTTP request as the server received it, with its whole body.
public struct HTTPServerRequest: Sendable {
    /// The method as sent, for example `GET`; methods are case-sensitive.
    public let method: String
    /// The path's segments, each percent-decoded.
    ///
    /// `/a/b%2Fc/` is `["a", "b/c"]`: an escaped slash is never taken for a separator. Empty segments (doubled and
    /// trailing slashes) are dropped.
    public let path: [String]
    /// The path as sent, still escaped and without the query; for logs.
    public let rawPath: String
    /// The query's items in their order, percent-decoded; an item without `=` has an empty value.
    public let query: [HTTPServerField]
    /// The header fields in their order, as sent.
    public let headers: [HTTPServerField]
    /// The body; empty if there is none.
    public let body: [UInt8]
    /// Who is at the other end.
    public let client: HTTPServerClient

    /// Makes a request from its parts, as the server does and tests of handlers may.
    ///
    /// - Parameters:
    ///   - method: The method, for example `GET`.
    ///   - path: The decoded segments.
    ///   - rawPath: The path as sent; by default made from the segments.
    ///   - query: The decoded query items.
    ///   - headers: The header fields.
    ///   - body: The whole body.
    ///   - client: Who is at the other end.
    public init(
        method: String, path: [String], rawPath: String? = nil, query: [HTTPServerField] = [],
        headers: [HTTPServerField] = [], body: [UInt8] = [], client: HTTPServerClient = HTTPServerClient()
    ) {
        self.method = method
        self.path = path
        self.rawPath = rawPath ?? "/" + path.joined(separator: "/")
        self.query = query
        self.headers = headers
        self.body = body
        self.client = client
    }

    /// The first query item of this exact name; nil if there is none.
    public func query(_ name: String) -> String? {
        query.first { $0.name == name }?.value
    }

    /// The first header of this name, whatever its case; nil if there is none.
    public func header(_ name: String) -> String? {
        headers.first { $0.isNamed(name) }?.value
    }

    /// All headers of this name, whatever its case, in their order.
    public func headers(_ name: String) -> [String] {
        headers.filter { $0.isNamed(name) }.map(\.value)
    }
}
