public import Transport

/// Where in which object storage the objects are, and as whom they are reached.
public struct S3Place: Sendable {
    /// The server.
    public let endpoint: Endpoint
    /// The bucket.
    public let bucket: String
    /// What all keys begin with, without slashes at its ends; empty for none.
    public let prefix: String
    /// The region that requests are signed for.
    public let region: String
    /// Whether the bucket stands in the path, not in the host name.
    public let usesPathStyle: Bool
    /// As whom.
    let credentials: S3Credentials

    /// Names a place.
    ///
    /// - Parameters:
    ///   - url: the server, such as `https://s3.eu-central-1.amazonaws.com`.
    ///   - certificateAuthority: the certificates to trust instead of the system's, as PEM text; only with https.
    ///   - bucket: the bucket, which must exist.
    ///   - prefix: what all keys begin with.
    ///   - region: the region that requests are signed for.
    ///   - usesPathStyle: whether the bucket stands in the path (`https://host/bucket/key`) instead of the host name.
    ///   - credentials: as whom.
    /// - Throws: `ArchiveError` with the code `misconfigured` if the URL names no server.
    public init(
        url: String, certificateAuthority: String? = nil, bucket: String, prefix: String = "",
        region: String = "us-east-1", usesPathStyle: Bool = true, credentials: S3Credentials
    ) throws(ArchiveError) {
        do throws(EndpointError) {
            let tls = certificateAuthority.map { TLSOptions(certificateAuthority: $0) }
            let named = try Endpoint(url: url, tls: tls)
            if usesPathStyle {
                endpoint = named
            } else {
                endpoint = try Endpoint(
                    url: "\(named.scheme.rawValue)://\(bucket).\(Self.authority(of: named))", tls: tls)
            }
        } catch {
            throw ArchiveError(
                .misconfigured, "bucket \(bucket)", error.description, remedy: "correct the endpoint of the storage")
        }
        self.bucket = bucket
        self.prefix = prefix.split(separator: "/").joined(separator: "/")
        self.region = region
        self.usesPathStyle = usesPathStyle
        self.credentials = credentials
    }

    /// The place as a person knows it, for messages: `s3://bucket/prefix at https://host:443`.
    var location: String { "\(address(of: "")) at \(endpoint.url)" }

    /// The usual way to write an object's place: `s3://bucket/prefix/key`.
    func address(of key: String) -> String {
        "s3://" + [bucket, prefix, key].filter { !$0.isEmpty }.joined(separator: "/")
    }

    /// The name of an object within the bucket.
    func name(of key: ObjectKey) -> String {
        [prefix, key.description].filter { !$0.isEmpty }.joined(separator: "/")
    }

    /// What the names of all objects below a prefix begin with; empty for a whole bucket.
    func beginning(below prefix: ObjectKey) -> String {
        let name = name(of: prefix)
        return name.isEmpty ? "" : name + "/"
    }

    /// The path of an object, or of the bucket itself, on the wire.
    func path(of name: String?) -> String {
        let start = usesPathStyle ? "/\(S3Encoding.encode(bucket))" : ""
        // The bucket itself is the root of a host of its own.
        guard let name else { return start.isEmpty ? "/" : start }
        return "\(start)/\(S3Encoding.encodePath(name))"
    }

    /// The `Host` field, with a port only where it is not the scheme's own, as servers sign it.
    var host: String { Self.authority(of: endpoint) }

    private static func authority(of endpoint: Endpoint) -> String {
        let name = endpoint.host.contains(":") ? "[\(endpoint.host)]" : endpoint.host
        return endpoint.port == (endpoint.scheme == .https ? 443 : 80) ? name : "\(name):\(endpoint.port)"
    }
}
