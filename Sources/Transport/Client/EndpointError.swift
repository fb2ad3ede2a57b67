/// What is wrong with the URL of an endpoint.
public enum EndpointError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No `://`.
    case missingScheme(String)
    /// Neither http nor https.
    case unsupportedScheme(String)
    /// No host, or one with characters that no name and no address has.
    case host(String)
    /// Not a number from 1 to 65535.
    case port(String)
    /// A path, query or fragment, which an endpoint cannot have.
    case path(String)
    /// A user name or password, which belongs in a secret; the URL is not repeated here.
    case credentials
    /// TLS options for a URL that does not use TLS.
    case tlsWithoutHTTPS(String)

    /// One sentence with the URL and the remedy.
    public var description: String {
        switch self {
        case .missingScheme(let url):
            "endpoint \"\(url)\" has no scheme: write http:// or https:// in front of it"
        case .unsupportedScheme(let url):
            "endpoint \"\(url)\" has a scheme other than http and https"
        case .host(let url):
            "endpoint \"\(url)\" has no valid host: write a name, an IPv4 address, or an IPv6 address in brackets"
        case .port(let url):
            "endpoint \"\(url)\" has no valid port: write a number from 1 to 65535 after the colon"
        case .path(let url):
            "endpoint \"\(url)\" must end after the port: remove the path or query"
        case .credentials:
            "an endpoint's URL must not contain a user name or password: put them into a secret"
        case .tlsWithoutHTTPS(let url):
            "endpoint \"\(url)\" has TLS options but is not encrypted: write https:// or remove the options"
        }
    }
}
