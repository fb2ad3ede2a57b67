internal import CZlib

/// Answers in gzip (RFC 1952) for clients that take it; the only file of the program that calls zlib.
enum Gzip {
    /// Smaller answers cost more to compress than to send.
    static let threshold = 16 * 1_024
    /// Beyond this zlib would have to be called piece by piece; no answer is nearly as large.
    private static let limit = 1 << 30

    /// The gzip form of bytes; nil if there is none that is worth sending.
    static func compressed(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count <= limit else { return nil }
        let room = lodestone_gzip_bound(bytes.count)
        let compressed = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            count = lodestone_gzip(bytes, bytes.count, buffer.baseAddress, room)
        }
        return compressed.isEmpty || compressed.count >= bytes.count ? nil : compressed
    }

    /// An answer as a client is to get it: large ones compressed if it takes that.
    ///
    /// Streams are never compressed: a change would wait in the compressor for the next.
    static func encoded(_ response: HTTPServerResponse, for request: HTTPServerRequest) -> HTTPServerResponse {
        guard case .bytes(let bytes) = response.body, bytes.count > threshold,
            !response.headers.contains(where: { $0.isNamed("Content-Encoding") })
        else { return response }
        var response = response
        response.headers.append(HTTPServerField("Vary", "Accept-Encoding"))
        guard isTaken(by: request), let compressed = compressed(bytes) else { return response }
        response.headers.append(HTTPServerField("Content-Encoding", "gzip"))
        response.body = .bytes(compressed)
        return response
    }

    /// Whether a client takes gzip (RFC 9110, 12.5.3): it names it, or `*`, and not with a weight of 0.
    static func isTaken(by request: HTTPServerRequest) -> Bool {
        var others = false
        for coding in request.headers("Accept-Encoding").flatMap({ $0.split(separator: ",") }) {
            let parts = coding.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
            let isRefused = parts.dropFirst().contains { $0.hasPrefix("q=") && Double($0.dropFirst(2)) == 0 }
            switch parts.first {
            case "gzip", "x-gzip": return !isRefused
            case "*": others = !isRefused
            default: continue
            }
        }
        return others
    }
}
