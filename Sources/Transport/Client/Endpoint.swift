/// Where one server is reached and how: scheme, host, port, TLS.
public struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    /// Whether the connection is encrypted.
    public enum Scheme: String, Sendable, Hashable {
        /// Plain TCP.
        case http
        /// TLS.
        case https
    }

    /// Plain or encrypted.
    public let scheme: Scheme
    /// A name or an address; an IPv6 address stands here without brackets.
    public let host: String
    /// The TCP port.
    public let port: Int
    /// What to trust and what to show; `nil` with https means the system's certificate authorities.
    public let tls: TLSOptions?

    /// Reads a URL such as `https://10.0.0.7:2379` or `http://[::1]:2379`.
    ///
    /// - Parameters:
    ///   - url: scheme, host and an optional port (80 and 443 are the defaults); a path other than `/` is refused.
    ///   - tls: only with https.
    /// - Throws: `EndpointError`, which says what is wrong with the URL.
    public init(url: String, tls: TLSOptions? = nil) throws(EndpointError) {
        let parts = try EndpointURL(url)
        if tls != nil, parts.scheme == .http {
            throw .tlsWithoutHTTPS(url)
        }
        scheme = parts.scheme
        host = parts.host
        port = parts.port
        self.tls = tls
    }

    /// A server without a URL, as a probe knows it.
    init(scheme: Scheme, host: String, port: Int) {
        self.scheme = scheme
        self.host = host
        self.port = port
        tls = nil
    }

    /// The canonical URL: always with a port, never with a path.
    public var url: String { "\(scheme.rawValue)://\(authority(of: host))" }

    /// The URL.
    public var description: String { url }

    /// The URL requests carry: it names the server as its certificate does, which may not be how it is dialled.
    var requestURL: String { "\(scheme.rawValue)://\(requestAuthority)" }

    /// Name and port as requests carry them.
    var requestAuthority: String { authority(of: tls?.serverName ?? host) }

    /// libcurl's `CONNECT_TO` rule where the name in the URL is not the one to dial.
    var connectTo: String? { tls?.serverName == nil ? nil : "::\(authority(of: host))" }

    private func authority(of name: String) -> String {
        name.utf8.contains(UInt8(ascii: ":")) ? "[\(name)]:\(port)" : "\(name):\(port)"
    }
}

/// The parts of an endpoint's URL, checked.
private struct EndpointURL {
    let scheme: Endpoint.Scheme
    let host: String
    let port: Int

    init(_ url: String) throws(EndpointError) {
        guard let separator = url.firstRange(of: "://") else {
            throw .missingScheme(url)
        }
        guard let scheme = Endpoint.Scheme(rawValue: url[..<separator.lowerBound].lowercased()) else {
            throw .unsupportedScheme(url)
        }
        var authority = url[separator.upperBound...]
        if authority.contains("@") {
            throw .credentials
        }
        if authority.last == "/" {
            authority.removeLast()
        }
        if authority.contains(where: { "/?#".contains($0) }) {
            throw .path(url)
        }
        let (host, port) = try Self.split(authority, of: url)
        self.scheme = scheme
        self.host = host
        self.port =
            try port.map { (text) throws(EndpointError) in try Self.number(text, of: url) } ?? scheme.defaultPort
    }

    private static func split(
        _ authority: Substring, of url: String
    ) throws(EndpointError) -> (host: String, port: Substring?) {
        let host: Substring
        let rest: Substring
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else {
                throw .host(url)
            }
            host = authority[authority.index(after: authority.startIndex)..<end]
            rest = authority[authority.index(after: end)...]
            guard host.contains(":"), host.utf8.allSatisfy(isAddressByte) else {
                throw .host(url)
            }
        } else {
            let colon = authority.firstIndex(of: ":") ?? authority.endIndex
            host = authority[..<colon]
            rest = authority[colon...]
            guard !host.isEmpty, host.utf8.allSatisfy(isNameByte) else {
                throw .host(url)
            }
        }
        if rest.isEmpty {
            return (String(host), nil)
        }
        guard rest.first == ":" else {
            throw .port(url)
        }
        return (String(host), rest.dropFirst())
    }

    private static func number(_ text: Substring, of url: String) throws(EndpointError) -> Int {
        guard text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }), let port = Int(text),
            1...65535 ~= port
        else {
            throw .port(url)
        }
        return port
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        isNameByte(byte) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "%")
    }
}

extension Endpoint.Scheme {
    fileprivate var defaultPort: Int { self == .https ? 443 : 80 }
}
