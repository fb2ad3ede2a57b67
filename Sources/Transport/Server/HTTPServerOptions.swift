/// Where an HTTP server listens and what it allows its clients.
public struct HTTPServerOptions: Sendable {
    /// A certificate and key for TLS, as PEM texts.
    public struct TLS: Sendable, Equatable {
        /// The server's certificate, followed by its intermediate authorities if there are any.
        public var certificatePEM: String
        /// The certificate's private key, not encrypted.
        public var privateKeyPEM: String
        /// The authorities whose client certificates are accepted, one after the other; nil to ask for none.
        ///
        /// A client may do without one; what it presents comes with its requests, verified or not.
        public var clientAuthoritiesPEM: String?

        /// Takes up a certificate and its key.
        ///
        /// - Parameters:
        ///   - certificatePEM: The certificate chain.
        ///   - privateKeyPEM: The private key.
        ///   - clientAuthoritiesPEM: The authorities whose client certificates are accepted.
        public init(certificatePEM: String, privateKeyPEM: String, clientAuthoritiesPEM: String? = nil) {
            self.certificatePEM = certificatePEM
            self.privateKeyPEM = privateKeyPEM
            self.clientAuthoritiesPEM = clientAuthoritiesPEM
        }
    }

    /// The IP address to listen on, IPv4 or IPv6; loopback unless told otherwise.
    public var address = "127.0.0.1"
    /// The TCP port to listen on; 0 lets the system choose a free one.
    public var port: UInt16 = 0
    /// The certificate to serve TLS with; nil serves plain HTTP.
    public var tls: TLS?
    /// How many connections may be open at once; a further one is closed unanswered.
    public var connectionLimit = 8_192
    /// How many connections one address (IPv6: one network of 64 bits) may have open; a further one is closed unanswered.
    public var connectionsPerAddress = 1_024
    /// Whether connections from this machine are counted out of that limit, because all its users share an address.
    public var sparesLoopback = true
    /// The memory for one connection's request line, headers and write buffer in bytes.
    ///
    /// A request whose head does not fit, with 64 bytes for each header and query item and 1.5 KiB for the head of its
    /// answer, is answered 414 or 431. Small, because thousands of watch streams each hold this much.
    public var connectionMemory = 6_144
    /// The largest request body in bytes; a larger one is answered 413.
    public var bodyLimit = 4 << 20
    /// How long a connection may stand still, sending or receiving, before it is closed; whole seconds.
    ///
    /// Streams with nothing to send and requests that wait for their answer are not standing still.
    public var idleTimeout: Duration = .seconds(60)
    /// How long the first request of a connection may take to show its head, the handshake of TLS included.
    ///
    /// A later one may take this long beyond ``idleTimeout``.
    public var headTimeout: Duration = .seconds(20)
    /// How long the body of a request may take, however steadily it trickles in.
    public var bodyTimeout: Duration = .seconds(60)
    /// How many bytes of bodies may be held at once, of all requests together; beyond it a request is answered 503.
    public var bodyMemory = 256 << 20
    /// What a request is answered that never reaches the handler: too large, malformed, or while the server stops.
    public var refusal: @Sendable (_ status: Int, _ reason: String) -> HTTPServerResponse = {
        .text($1, status: $0)
    }
    /// Told of each request that never reached the handler and was refused; called by the thread that serves everybody,
    /// so it must not wait.
    public var refused: @Sendable (HTTPRefusedRequest) -> Void = { _ in }
    /// How often clients of streams and of unfinished requests are looked at, to notice those that left.
    public var clientCheckInterval: Duration = .seconds(1)
    /// How many of those looks a stream may pass in silence before a heartbeat is written.
    public var checksPerHeartbeat = 10
    /// How long a stopping server waits for unfinished answers.
    public var stopGrace: Duration = .seconds(5)

    /// Options for plain HTTP on a free port of the loopback address.
    public init() {}
}
