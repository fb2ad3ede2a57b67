import Crypto
import Model

/// AWS Signature Version 4 for S3, with the signature in the `Authorization` header.
///
/// Made here and not by libcurl: release 7.88 signs a wrong digest for uploads and breaks the signature of requests
/// without its default fields, and later releases encode and sort differently. The rules are in Amazon's "Authenticating
/// Requests: Using the Authorization Header (AWS Signature Version 4)", and its examples are among the tests.
struct S3Signer: Sendable {
    let credentials: S3Credentials
    let region: String

    /// The algorithm's name on the wire.
    private static let algorithm = "AWS4-HMAC-SHA256"

    /// The header fields to send: those given, and the ones that the signature adds.
    ///
    /// `path` and `query` are encoded already; `headers` must hold `Host`, and everything in it is signed. `digest` is the
    /// SHA-256 of the body in hexadecimal.
    func sign(
        method: String, path: String, query: String, headers: [(name: String, value: String)], digest: String,
        at time: Timestamp
    ) -> [(name: String, value: String)] {
        let moment = Self.compact(time)
        var headers = headers
        headers.append(("x-amz-content-sha256", digest))
        headers.append(("x-amz-date", moment))
        let fields = headers.map { (name: $0.name.lowercased(), value: Self.trim($0.value)) }.sorted {
            $0.name < $1.name
        }
        let signed = fields.map(\.name).joined(separator: ";")
        let canonical = [
            method, path, query, fields.map { "\($0.name):\($0.value)\n" }.joined(), signed, digest,
        ].joined(separator: "\n")
        let scope = "\(moment.prefix(8))/\(region)/s3/aws4_request"
        let text = [Self.algorithm, moment, scope, Hex.encode(SHA256.hash(canonical))].joined(separator: "\n")
        let signature = Hex.encode(HMACSHA256.code(of: text, key: key(day: String(moment.prefix(8)))))
        headers.append(
            (
                "Authorization",
                "\(Self.algorithm) Credential=\(credentials.accessKeyID)/\(scope),SignedHeaders=\(signed),"
                    + "Signature=\(signature)"
            ))
        return headers
    }

    private func key(day: String) -> [UInt8] {
        [day, region, "s3", "aws4_request"].reduce(Array("AWS4\(credentials.secretAccessKey)".utf8)) {
            HMACSHA256.code(of: $1, key: $0)
        }
    }

    /// The moment without punctuation: `20130524T000000Z`.
    private static func compact(_ time: Timestamp) -> String {
        String(time.wholeSeconds.description.filter { $0 != "-" && $0 != ":" })
    }

    private static func trim(_ value: String) -> String {
        value.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
    }
}
