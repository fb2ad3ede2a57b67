/// A request's line and headers as received, before its body.
///
/// A class, so that an exchange holds nothing of it once it is over.
final class HTTPRequestHead: Sendable {
    let method: String
    let rawPath: String
    let rawQuery: [HTTPServerField]
    let headers: [HTTPServerField]
    let client: HTTPServerClient
    /// Its bytes as received.
    let size: Int

    init(
        method: String, rawPath: String, rawQuery: [HTTPServerField], headers: [HTTPServerField],
        client: HTTPServerClient, size: Int
    ) {
        self.method = method
        self.rawPath = rawPath
        self.rawQuery = rawQuery
        self.headers = headers
        self.client = client
        self.size = size
    }

    /// The body's length as announced; nil if it is not (no body, or a chunked one).
    var contentLength: Int? {
        headers.first { $0.isNamed("content-length") }.flatMap { Int($0.value) }
    }

    /// The request once its body is complete; nil if its path or query is not properly escaped UTF-8.
    func request(body: [UInt8]) -> HTTPServerRequest? {
        var path: [String] = []
        for segment in rawPath.utf8.split(separator: UInt8(ascii: "/")) {
            guard let decoded = PercentEncoding.decode(String(Substring(segment)), plusIsSpace: false) else {
                return nil
            }
            path.append(decoded)
        }
        var query: [HTTPServerField] = []
        for item in rawQuery {
            guard let name = PercentEncoding.decode(item.name, plusIsSpace: true),
                let value = PercentEncoding.decode(item.value, plusIsSpace: true)
            else { return nil }
            query.append(HTTPServerField(name, value))
        }
        return HTTPServerRequest(
            method: method, path: path, rawPath: rawPath, query: query, headers: headers, body: body,
            client: client)
    }
}
