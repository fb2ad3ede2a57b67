/// Where an HTTP server listens and what it allows its clients.
public struct HTTPServerOptions: Sendable {
    /// A certificate and key for TLS, as PEM texts.
    public struct TLS: Sendable {
        /// The server's certificate, followed by its intermediate authorities if there are any.
        public var certificatePEM: String
        /// The certificate's private key, not encrypted.
        public var privateKeyPEM: String

        /// Takes up a certificate and its key.
        ///
        /// - Parameters:
        ///   - certificatePEM: The certificate chain.
        ///   - privateKeyPEM: The private key.
        public init(certificatePEM: String, privateKeyPEM: String) {
            self.certificatePEM = certificatePEM
            self.privateKeyPEM = privateKeyPEM
        }
    }

    /// The IP address to listen on, IPv4 or IPv6; loopback unless told otherwise.
    public var address = "127.0.0.1"
    /// The TCP port to listen on; 0 lets the system choose a free one.
    public var port: UInt16 = 0
    /// The certificate to serve TLS with; nil serves plain HTTP.
    public var tls: TLS?
    /// How many connections may be open at once; a further one is closed unanswered.
    public var connectionLimit = 4_096
    /// The memory for one connection's request line, headers and write buffer in bytes.
    ///
    /// A request whose headers do not fit is answered 431. Small, because thousands of watch streams each hold this
    /// much.
    public var connectionMemory = 8_192
    /// The largest request body in bytes; a larger one is answered 413.
    public var bodyLimit = 4 << 20
    /// How long a connection may stand still, sending or receiving, before it is closed; whole seconds.
    ///
    /// Streams with nothing to send and requests that wait for their answer are not standing still.
    public var idleTimeout: Duration = .seconds(60)
    /// How often clients of streams and of unfinished requests are looked at, to notice those that left.
    public var clientCheckInterval: Duration = .seconds(1)
    /// How many of those looks a stream may pass in silence before a heartbeat is written.
    public var checksPerHeartbeat = 10
    /// How long a stopping server waits for unfinished answers.
    public var stopGrace: Duration = .seconds(5)

    /// Options for plain HTTP on a free port of the loopback address.
    public init() {}
}
