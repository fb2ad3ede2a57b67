import Crypto
import Model
import Transport

/// One request to an object storage, before it is signed.
package struct S3Request: Sendable {
    /// The SHA-256 of no bytes.
    private static let emptyDigest = Hex.encode(SHA256.hash([UInt8]()))
    private static let md5Field = "Content-MD5"

    /// GET, PUT and so on.
    let method: String
    /// The object within the bucket; nil for the bucket itself.
    let name: String?
    /// What follows the path, in any order; servers want it sorted, and an equals sign after every name.
    var query: [String: String] = [:]
    /// Header fields but for those of the signature.
    package var headers: [(name: String, value: String)] = []
    /// The body.
    private(set) var body: [UInt8]?
    /// The SHA-256 of the body in hexadecimal, which the server compares with what arrives.
    private(set) var digest = Self.emptyDigest
    /// Whether the server may see it twice without harm.
    var isIdempotent = true
    /// How long the server may be silent, if it needs longer than usual.
    var silence: Duration?

    /// A request about an object, or about the bucket.
    package init(_ method: String, _ name: String? = nil, query: [String: String] = [:]) {
        self.method = method
        self.name = name
        self.query = query
    }

    /// Gives it a body.
    package mutating func setBody(_ bytes: [UInt8]) {
        body = bytes
        digest = Hex.encode(SHA256.hash(bytes))
    }

    /// Adds the older digest of the body that some buckets want besides; false where this system forbids it.
    mutating func addMD5() -> Bool {
        guard !headers.contains(where: { $0.name == Self.md5Field }) else { return false }
        guard let digest = MD5.hash(body ?? []) else { return false }
        headers.append((Self.md5Field, Base64.encode(digest)))
        return true
    }

    /// The request as it goes over the wire, signed for a moment.
    func signed(for place: S3Place, at time: Timestamp, _ options: S3Options) -> HTTPClientRequest {
        let path = place.path(of: name)
        // Sorted by the encoded names, as the signature has them.
        let query = query.map { "\(S3Encoding.encode($0.key))=\(S3Encoding.encode($0.value))" }.sorted()
            .joined(separator: "&")
        let signer = S3Signer(credentials: place.credentials, region: place.region)
        let fields = signer.sign(
            method: method, path: path, query: query, headers: [("Host", place.host)] + headers, digest: digest,
            at: time)
        var request = HTTPClientRequest(
            method: method, path: query.isEmpty ? path : "\(path)?\(query)", headers: fields, body: body,
            timeout: options.connectTimeout, idleTimeout: max(silence ?? .zero, options.silence),
            awaitsPermission: (body?.count ?? 0) >= 1 << 20)
        request.isIdempotent = isIdempotent
        return request
    }
}
