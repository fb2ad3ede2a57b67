import Glibc
import Synchronization

/// A client's connection, from when it is accepted until it is closed.
final class HTTPConnection: Sendable {
    /// What the server waits for on a connection.
    private enum Phase {
        /// The head of a request.
        case head(since: ContinuousClock.Instant, isFirst: Bool)
        /// The rest of a request.
        case body(since: ContinuousClock.Instant)
        /// Nothing: it answers.
        case answer
    }

    /// The certificate of the client, kept apart because most have none.
    private indirect enum Certificate {
        case unread
        case absent
        case presented(HTTPClientCertificate)
    }

    private struct State {
        var phase: Phase
        var isClosed = false
        var certificate = Certificate.unread
        /// What the connection's session has used, the present one last; GnuTLS wants them kept until it is over.
        var credentials: [MicroHTTPCredentials] = []
        /// The path of a request whose head is not there yet.
        var path = ""
    }

    let address: String
    let network: String
    private let descriptor: Int32
    private let state: Mutex<State>

    init(address: String, network: String, descriptor: Int32) {
        self.address = address
        self.network = network
        self.descriptor = descriptor
        state = Mutex(State(phase: .head(since: .now, isFirst: true)))
    }

    /// The first line of a request is there.
    func lineReceived(_ target: String) {
        state.withLock { $0.path = String(target.utf8.prefix { $0 != UInt8(ascii: "?") }) ?? "" }
    }

    /// The head of a request is there.
    func headReceived() {
        state.withLock { state in
            state.phase = .body(since: .now)
            state.path = ""
        }
    }

    /// The path of the request whose head never came.
    func takePath() -> String {
        state.withLock { state in
            defer { state.path = "" }
            return state.path
        }
    }

    /// Notes what the connection's session is to use from here on; false if it does already.
    func adopts(_ credentials: MicroHTTPCredentials) -> Bool {
        state.withLock { state in
            guard state.credentials.last !== credentials else { return false }
            state.credentials.append(credentials)
            // Whom the client's certificate stands for is to be asked again.
            state.certificate = .unread
            return true
        }
    }

    /// The body of a request is there too.
    func requestReceived() {
        state.withLock { $0.phase = .answer }
    }

    /// A request is over, and another one may come.
    func requestEnded() {
        state.withLock { $0.phase = .head(since: .now, isFirst: false) }
    }

    /// The descriptor is about to be closed and must not be touched any more.
    func closed() {
        state.withLock { $0.isClosed = true }
    }

    /// The client as its requests know it; its certificate is read and verified with the first of them.
    func client(_ read: () -> HTTPClientCertificate?) -> HTTPServerClient {
        let certificate: HTTPClientCertificate?
        switch state.withLock(\.certificate) {
        case .presented(let known): certificate = known
        case .absent: certificate = nil
        case .unread:
            certificate = read()
            state.withLock { $0.certificate = certificate.map { .presented($0) } ?? .absent }
        }
        return HTTPServerClient(address: address, network: network, certificate: certificate)
    }

    /// Breaks the connection of a client that takes too long to say what it wants.
    ///
    /// A client that says nothing at all is noticed by libmicrohttpd; this is for those that send a byte now and then.
    func check(_ options: HTTPServerOptions, at now: ContinuousClock.Instant) {
        state.withLock { state in
            guard !state.isClosed else { return }
            let isOverdue =
                switch state.phase {
                case .head(let since, isFirst: true): now - since > options.headTimeout
                case .head(let since, isFirst: false): now - since > options.idleTimeout + options.headTimeout
                case .body(let since): now - since > options.bodyTimeout
                case .answer: false
                }
            if isOverdue {
                shutdown(descriptor, Int32(SHUT_RDWR))
            }
        }
    }
}

/// All connections of a server.
final class HTTPConnections: Sendable {
    private struct State {
        var open: [ObjectIdentifier: HTTPConnection] = [:]
        var byNetwork: [String: Int] = [:]
        var credentials: MicroHTTPCredentials?
        /// The authorities of clients after they were replaced; nil before.
        var authorities: String??
        var lastClosed: HTTPConnection?
    }

    private let state = Mutex(State())

    /// What sessions are to show and whom to trust; nil for what the daemon was started with.
    var credentials: MicroHTTPCredentials? { state.withLock(\.credentials) }

    /// Has sessions show and trust something else; returns how often an authority was taken away so far.
    func replaceCredentials(
        with tls: HTTPServerOptions.TLS, startedWith first: HTTPServerOptions.TLS?
    ) throws(HTTPServerError) -> Int {
        try state.withLock { (state) throws(HTTPServerError) in
            let former = state.authorities ?? first?.clientAuthoritiesPEM
            let isTrustKept = Self.blocks(former).isSubset(of: Self.blocks(tls.clientAuthoritiesPEM))
            let epoch = (state.credentials?.trustEpoch ?? 0) + (isTrustKept ? 0 : 1)
            guard let made = MicroHTTPCredentials(tls, trustEpoch: epoch) else { throw .unusableCertificate }
            state.credentials = made
            state.authorities = .some(tls.clientAuthoritiesPEM)
            return epoch
        }
    }

    /// The certificates of a PEM text, however it is laid out.
    private static func blocks(_ pem: String?) -> Set<String> {
        let parts = (pem ?? "").split(separator: "-----BEGIN CERTIFICATE-----")
        return Set(
            parts.compactMap { part in
                guard let end = part.firstRange(of: "-----END CERTIFICATE-----")?.lowerBound else { return nil }
                return part[..<end].filter { !$0.isWhitespace }
            })
    }

    /// Whether one more connection may come from an address.
    func accepts(_ address: String, _ network: String, _ options: HTTPServerOptions) -> Bool {
        let isLocal = network.hasPrefix("7f") && network.utf8.count == 8 || address == "::1"
        if isLocal, options.sparesLoopback { return true }
        return state.withLock { $0.byNetwork[network] ?? 0 } < options.connectionsPerAddress
    }

    func add(_ connection: HTTPConnection) {
        state.withLock { state in
            state.open[ObjectIdentifier(connection)] = connection
            state.byNetwork[connection.network, default: 0] += 1
        }
    }

    func remove(_ connection: HTTPConnection) {
        connection.closed()
        state.withLock { state in
            state.open[ObjectIdentifier(connection)] = nil
            let count = (state.byNetwork[connection.network] ?? 1) - 1
            state.byNetwork[connection.network] = count > 0 ? count : nil
            // Its session may end after this call and before the next one, and what it uses is to outlive it.
            state.lastClosed = connection
        }
    }

    func check(_ options: HTTPServerOptions) {
        let now = ContinuousClock.now
        for connection in state.withLock({ Array($0.open.values) }) {
            connection.check(options, at: now)
        }
    }
}
