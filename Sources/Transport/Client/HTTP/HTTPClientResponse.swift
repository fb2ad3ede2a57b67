/// An HTTP answer, read to its end.
public struct HTTPClientResponse: Sendable {
    /// Status and header fields.
    public let head: HTTPClientHead
    /// The body.
    public let body: [UInt8]

    /// The status, from 200 on; also one that reports an error.
    public var status: Int { head.status }
    /// The header fields in the order they came.
    public var headers: [(name: String, value: String)] { head.headers }
    /// The body as text; bytes that are not UTF-8 are replaced.
    public var text: String { String(decoding: body, as: UTF8.self) }

    /// The first value of a header field, whatever the case of its name.
    public func header(_ name: String) -> String? { head.header(name) }
}
