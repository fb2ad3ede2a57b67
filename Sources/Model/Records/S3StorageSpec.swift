/// A bucket of an object storage that speaks S3, and the way to it.
public struct S3StorageSpec: Structure {
    /// The URL of the server.
    public var endpoint = ""
    /// The bucket, which must exist.
    public var bucket = ""
    /// What all keys begin with; empty for the bucket's root.
    public var prefix = ""
    /// The region that requests are signed for.
    public var region = "us-east-1"
    /// Whether the bucket stands in the path of the URL instead of the host name.
    public var pathStyle = true
    /// A Secret with `accessKeyID` and `secretAccessKey`.
    public var credentialsSecretRef = LocalReference()
    /// A Secret with `ca.crt`, the authorities to trust instead of the system's.
    public var caSecretRef: LocalReference?
    /// Whether backups may cross a network unencrypted.
    public var allowInsecure = false

    /// Creates an empty place.
    public init() {}

    /// The fields.
    public static let fields: [Field<S3StorageSpec>] = [
        Field(
            "endpoint", \.endpoint, "The URL of the server, such as \"https://s3.eu-central-1.amazonaws.com\".",
            required: true, .nonEmpty),
        Field("bucket", \.bucket, "The bucket, which must exist.", required: true, .nonEmpty),
        Field("prefix", \.prefix, "What all keys begin with, such as \"fleet/a\"; the bucket's root if not given."),
        Field("region", \.region, "The region that requests are signed for.", .nonEmpty),
        Field(
            "pathStyle", \.pathStyle, "Whether the bucket stands in the path of the URL, not in front of the host name."
        ),
        Field(
            "credentialsSecretRef", \.credentialsSecretRef, "A Secret with accessKeyID and secretAccessKey.",
            required: true),
        Field("caSecretRef", \.caSecretRef, "A Secret with ca.crt, the authorities to trust instead of the system's."),
        Field(
            "allowInsecure", \.allowInsecure,
            "Whether backups may cross a network unencrypted, by an http endpoint that is not this machine."),
    ]

    func validate(at path: FieldPath) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        func problem(_ field: String, _ reason: FieldProblem.Reason, _ message: String) {
            problems.append(FieldProblem(path.appending(field), reason, message))
        }
        if let server = Server(endpoint) {
            if !server.isEncrypted, !server.isLoopback, !allowInsecure {
                problem(
                    "endpoint", .forbidden,
                    "is not encrypted, and backups hold everything the cluster holds; use https, or set allowInsecure: true"
                )
            }
            if !server.isEncrypted, caSecretRef != nil {
                problem("caSecretRef", .forbidden, "does not apply to an http endpoint; use https or remove it")
            }
            if !pathStyle, server.isAddress {
                problem("pathStyle", .invalid, "must be true, because no bucket can stand in front of an IP address")
            }
        } else if endpoint.contains("@") {
            // The text is not repeated: it may hold a password.
            problem(
                "endpoint", .forbidden,
                "must not hold a user name or password; put them into a Secret and name it in credentialsSecretRef")
        } else if !endpoint.isEmpty {
            problem(
                "endpoint", .invalid,
                "\"\(endpoint)\" is not the URL of a server; write it like \"https://s3.example.com\", without a path")
        }
        if !bucket.isEmpty, !Self.isBucket(bucket) {
            problem(
                "bucket", .invalid,
                "\"\(bucket)\" is not the name of a bucket; use 3 to 63 lower-case letters, digits, \"-\" and \".\"")
        }
        if let reason = Self.flaw(ofPrefix: prefix) { problem("prefix", .invalid, reason) }
        if !region.utf8.allSatisfy({ Self.isNameByte($0) || $0 == UInt8(ascii: "_") }) {
            problem("region", .invalid, "\"\(region)\" is not the name of a region; write it like \"eu-central-1\"")
        }
        return problems
    }

    /// By Amazon's rules for general purpose buckets, which other servers follow or widen.
    private static func isBucket(_ name: String) -> Bool {
        let bytes = name.utf8
        guard (3...63).contains(bytes.count), let first = bytes.first, let last = bytes.last else { return false }
        let ends = [first, last].allSatisfy { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ".") }
        return ends && !name.contains("..")
            && bytes.allSatisfy { isNameByte($0) && !(UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
    }

    private static func flaw(ofPrefix prefix: String) -> String? {
        guard !prefix.isEmpty else { return nil }
        // Keys have 1024 bytes in all.
        if prefix.utf8.count > 400 { return "has \(prefix.utf8.count) bytes; at most 400 are allowed" }
        if prefix.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) {
            return "holds a control character; remove it"
        }
        let names = prefix.split(separator: "/", omittingEmptySubsequences: false)
        return names.contains { ["", ".", ".."].contains($0) }
            ? "\"\(prefix)\" has an empty name, \".\" or \"..\" between its slashes; write it like \"fleet/a\"" : nil
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// What the rules have to know of an endpoint's URL.
    private struct Server {
        let isEncrypted: Bool
        let host: String

        /// nil if the text is not scheme, host and perhaps a port.
        init?(_ url: String) {
            guard let scheme = ["http://", "https://"].first(where: { url.hasPrefix($0) }) else { return nil }
            isEncrypted = scheme == "https://"
            var rest = url.dropFirst(scheme.count)
            if rest.last == "/" { rest.removeLast() }
            // The colons of an IPv6 address stand in brackets.
            let end =
                rest.first == "[" ? rest.firstIndex(of: "]").map { rest.index(after: $0) } : rest.firstIndex(of: ":")
            host = String(rest[..<(end ?? rest.endIndex)])
            let port = rest[(end ?? rest.endIndex)...]
            let isPort =
                port.isEmpty || port.first == ":" && Int(port.dropFirst()).map { (1...65535).contains($0) } ?? false
            let name = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
            let isName = name.utf8.allSatisfy {
                isNameByte($0) || $0 == UInt8(ascii: "_") || (name != host && $0 == UInt8(ascii: ":"))
            }
            guard isPort, isName, !name.isEmpty else { return nil }
        }

        var isLoopback: Bool { host == "localhost" || host == "[::1]" || (isAddress && host.hasPrefix("127.")) }

        var isAddress: Bool {
            host.hasPrefix("[")
                || host.split(separator: ".").count == 4 && host.split(separator: ".").allSatisfy { UInt8($0) != nil }
        }
    }
}
