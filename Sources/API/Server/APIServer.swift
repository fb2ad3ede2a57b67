public import Crypto
public import Model
public import Store
public import Telemetry
public import Transport

/// The HTTP API: the records of a store in the form of the Kubernetes API, over TLS, for those who hold a token.
///
/// It serves from the moment it is made, and until the task that runs ``run()`` is cancelled.
public final class APIServer: Sendable {
    /// What the API serves and by which rules.
    public struct Options: Sendable {
        /// The address, port and certificate.
        public var listener: HTTPServerOptions
        /// The tokens whose holders may do everything.
        public var tokens: BearerTokens
        /// The authority whose client certificates may name administrators; nil for none.
        public var authority: Certificate?
        /// Where the certificates come from, to be served anew when they change; nil for those of the listener for good.
        public var certificates: ServingCertificates?
        /// How much clients may ask.
        public var limits = RequestLimitOptions()
        /// Where is written down who did what; nil for nowhere.
        public var audit: AuditLog?
        /// The kinds it offers.
        public var kinds = RegisteredKind.all
        /// The rules on writes.
        public var admission = Admission.everything
        /// What must be well before `/readyz` says so.
        public var readiness: [ReadinessCheck] = []
        /// What is wrong and belongs to no record, as `/findings` tells it.
        public var findings: @Sendable () async -> [Finding] = { [] }
        /// The program's version, as `/version` tells it.
        public var programVersion = "0.0.0"
        /// The clock by which ages in tables are counted.
        public var now: @Sendable () -> Timestamp = { .now }

        /// Options for a listener and its users, without rules on writes.
        ///
        /// - Parameters:
        ///   - listener: The address, port and certificate.
        ///   - tokens: The tokens whose holders may do everything.
        public init(listener: HTTPServerOptions, tokens: BearerTokens) {
            self.listener = listener
            self.tokens = tokens
        }
    }

    private let server: HTTPServer
    let handler: APIHandler
    private let follower: CertificateFollower?

    /// Binds the address and starts to serve.
    ///
    /// - Parameters:
    ///   - options: What to serve and by which rules.
    ///   - store: The records.
    ///   - metrics: The measurements `/metrics` shows; the API adds its own.
    ///   - logger: Where refused and failed requests are told.
    /// - Throws: ``HTTPServerError``, for example if the port is taken.
    public init(
        _ options: Options, store: RecordStore, metrics: MetricsRegistry, logger: Logger
    ) throws(HTTPServerError) {
        guard options.listener.tls != nil || Self.isLoopback(options.listener.address) else {
            throw .unusableAddress(
                options.listener.address, reason: "without TLS the API is only served to this machine")
        }
        var options = options
        if let certificates = options.certificates, let tls = options.listener.tls {
            let follower = CertificateFollower(
                certificates, serving: tls, now: options.now, metrics, logger)
            let others = options.findings
            options.findings = { await others() + follower.findings }
            self.follower = follower
        } else {
            follower = nil
        }
        let handler = APIHandler(options, store: store, metrics: metrics, logger: logger)
        self.handler = handler
        var listener = options.listener
        listener.refusal = { status, reason in .refusal(APIStatus(status: status, reason)) }
        listener.refused = { handler.note($0) }
        server = try HTTPServer(options: listener) { request in await handler.respond(to: request) }
        isEncrypted = options.listener.tls != nil
    }

    /// Whether only this machine can reach an address.
    private static func isLoopback(_ address: String) -> Bool {
        address.hasPrefix("127.") || address == "::1"
    }

    private let isEncrypted: Bool

    /// The port it listens on.
    public var port: UInt16 { server.port }

    /// The address clients use.
    public var url: String {
        let host = server.address.contains(":") ? "[\(server.address)]" : server.address
        return "\(isEncrypted ? "https" : "http")://\(host):\(server.port)"
    }

    /// Serves until the task is cancelled, then ends all watches and stops; call it once.
    public func run() async {
        await withTaskGroup { group in
            group.addTask { await self.handler.run() }
            if let follower {
                group.addTask {
                    await follower.run(self.server, url: self.url) { self.handler.trustChanged(to: $0) }
                }
            }
            await server.run()
            group.cancelAll()
        }
    }
}
