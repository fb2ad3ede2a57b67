import Glibc

/// An HTTP/1.1 server on one address, with or without TLS, that answers every request through one async handler.
///
/// It serves from the moment it is made. ``run()`` keeps it company: it notices clients that left, lets quiet streams
/// send heartbeats, and stops the server when its task is cancelled. A server that is never run is never stopped.
///
/// The work is done by libmicrohttpd with one epoll thread. Handlers run as Swift tasks; whatever they wait for costs
/// no thread.
public final class HTTPServer: Sendable {
    /// The address it listens on.
    public let address: String
    /// The port it listens on: the one asked for, or the one the system chose.
    public let port: UInt16
    private let daemon: MicroHTTPDaemon
    private let exchanges: HTTPExchanges

    /// Binds the address and starts to serve.
    ///
    /// - Parameters:
    ///   - options: Where to listen and what to allow.
    ///   - handler: Answers a request. Its task is cancelled when the client leaves before the answer is there.
    /// - Throws: ``HTTPServerError``, for example if the port is taken.
    public init(
        options: HTTPServerOptions, handler: @escaping @Sendable (HTTPServerRequest) async -> HTTPServerResponse
    ) throws(HTTPServerError) {
        let socket = try ListeningSocket.open(address: options.address, port: options.port)
        address = options.address
        port = socket.port
        exchanges = HTTPExchanges(options: options, handler: handler)
        daemon = try MicroHTTPDaemon(listeningOn: socket.descriptor, port: socket.port, exchanges: exchanges)
    }

    /// The number of requests being received, answered or streamed at this moment.
    public var openRequests: Int { exchanges.count }

    /// Serves TLS with another certificate and trusts other authorities from here on, without a break.
    ///
    /// Connections that are open go on; a certificate their client presented is verified anew with its next request.
    ///
    /// - Parameter tls: What to serve with; without effect on a server of plain HTTP.
    /// - Returns: How often an authority of clients was taken away so far: what was verified before carries a lower
    ///   ``HTTPClientCertificate/trustEpoch``.
    /// - Throws: ``HTTPServerError/unusableCertificate``; then everything stays as it is.
    public func replaceCertificates(_ tls: HTTPServerOptions.TLS) throws(HTTPServerError) -> Int {
        try exchanges.connections.replaceCredentials(with: tls, startedWith: exchanges.options.tls)
    }

    /// Looks after clients until the task is cancelled, then stops the server in good order.
    ///
    /// Stopping ends all streams at once, gives unfinished answers the grace of
    /// ``HTTPServerOptions/stopGrace``, and closes every connection. Call it once.
    public func run() async {
        while !Task.isCancelled {
            // The sleep throws only when the task is cancelled, which the loop looks at.
            try? await Task.sleep(for: exchanges.options.clientCheckInterval)
            exchanges.check()
        }
        let listener = daemon.refuseConnections()
        await exchanges.windDown()
        daemon.stop()
        if listener >= 0 {
            close(listener)
        }
    }
}
