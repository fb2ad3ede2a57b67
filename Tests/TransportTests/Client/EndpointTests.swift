import Testing
import Transport

/// URLs of endpoints.
struct EndpointTests {
    @Test(
        "A URL is taken apart, and made canonical",
        arguments: [
            ("http://127.0.0.1:2379", "http://127.0.0.1:2379", "127.0.0.1", 2379),
            ("HTTPS://etcd-0.example.org:2379/", "https://etcd-0.example.org:2379", "etcd-0.example.org", 2379),
            ("http://[::1]:2379", "http://[::1]:2379", "::1", 2379),
            ("https://[fe80::1%eth0]", "https://[fe80::1%eth0]:443", "fe80::1%eth0", 443),
            ("http://a_b", "http://a_b:80", "a_b", 80),
        ])
    func valid(url: String, canonical: String, host: String, port: Int) throws {
        let endpoint = try Endpoint(url: url)
        #expect(endpoint.url == canonical)
        #expect(endpoint.description == canonical)
        #expect(endpoint.host == host)
        #expect(endpoint.port == port)
    }

    @Test(
        "A URL that is none is refused with its reason",
        arguments: [
            ("127.0.0.1:2379", EndpointError.missingScheme("127.0.0.1:2379")), ("", .missingScheme("")),
            ("unix://x", .unsupportedScheme("unix://x")), ("http://", .host("http://")),
            ("http://:2379", .host("http://:2379")), ("http://a b:1", .host("http://a b:1")),
            ("http://::1:2379", .host("http://::1:2379")), ("http://[::1", .host("http://[::1")),
            ("http://[abc]:1", .host("http://[abc]:1")), ("http://a:", .port("http://a:")),
            ("http://a:0", .port("http://a:0")), ("http://a:65536", .port("http://a:65536")),
            ("http://a:+1", .port("http://a:+1")), ("http://a:1x", .port("http://a:1x")),
            ("http://[::1]x", .port("http://[::1]x")), ("http://a:1/x", .path("http://a:1/x")),
            ("http://a:1?x", .path("http://a:1?x")), ("http://a:1//", .path("http://a:1//")),
            ("http://u:hunter2@a:1", .credentials),
        ])
    func invalid(url: String, expected: EndpointError) {
        #expect(throws: expected) { try Endpoint(url: url) }
        #expect(!expected.description.contains("hunter2"))
    }

    @Test("TLS options without TLS are a mistake, not something to ignore")
    func optionsWithoutTLS() {
        #expect(throws: EndpointError.tlsWithoutHTTPS("http://a:1")) {
            try Endpoint(url: "http://a:1", tls: TLSOptions())
        }
    }

    @Test("No way of printing TLS options shows the key")
    func secrets() throws {
        let options = TLSOptions(
            certificateAuthority: "AUTHORITY", clientCertificate: "CERTIFICATE", clientKey: "SECRET", serverName: "name"
        )
        let endpoint = try Endpoint(url: "https://a:1", tls: options)
        var dumped = ""
        dump(endpoint, to: &dumped)
        dump(options, to: &dumped)
        for text in ["\(options)", String(reflecting: options), "\(endpoint)", String(reflecting: endpoint), dumped] {
            #expect(!text.contains("SECRET"))
            #expect(!text.contains("CERTIFICATE"))
        }
        #expect("\(options)" == "TLS(own authority, client certificate, server name name)")
    }
}
