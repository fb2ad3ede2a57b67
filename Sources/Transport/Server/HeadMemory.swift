/// How the memory of a connection is shared out between the head of a request and that of its answer.
///
/// libmicrohttpd (0.9.75) keeps the bytes as received and a record for each header and each item of the query. Where it has
/// no room left for those of the query it waits for ever, and where it has none for an answer it closes the connection
/// without one; so a request is refused before either.
enum HeadMemory {
    /// What the head of any answer may take.
    static let answer = 1_536
    /// What the head of a refusal may take.
    static let refusal = 640
    /// What a header or an item of a query takes beside its bytes.
    private static let record = 64
    /// What the headers of an ordinary request take in bytes.
    private static let headers = 1_024

    /// What a head takes.
    static func size(of head: HTTPRequestHead) -> Int {
        head.size + record * (head.headers.count + head.rawQuery.count)
    }

    /// Whether a request with this target, path and query, would not fit with ordinary headers.
    static func isTooLong(target: String, _ options: HTTPServerOptions) -> Bool {
        let items = target.utf8.reduce(1) { $1 == UInt8(ascii: "&") ? $0 + 1 : $0 }
        // At first, half of the memory is set aside for what is received.
        let received = max(options.connectionMemory / 2, target.utf8.count + headers)
        return received + record * items > options.connectionMemory - refusal
    }
}

extension HTTPServerResponse {
    /// The whole of a refusal as it goes over the wire; the connection ends with it.
    var wire: [UInt8] {
        guard case .bytes(let content) = body else { return [] }
        let phrase =
            switch status {
            case 400: "Bad Request"
            case 414: "URI Too Long"
            case 431: "Request Header Fields Too Large"
            default: "Refused"
            }
        var head = "HTTP/1.1 \(status) \(phrase)\r\nConnection: close\r\nContent-Length: \(content.count)\r\n"
        for header in headers { head += "\(header.name): \(header.value)\r\n" }
        return Array((head + "\r\n").utf8) + content
    }
}
