public import Transport

/// A client of one member of an etcd cluster.
///
/// Everything an operator wants to know is true of members, not of clusters: who lags, who disagrees, who is full. So a
/// client speaks to the one endpoint it was made for and never to another; `EtcdEndpoints` tries several.
///
/// The calls lie in files by service: `EtcdClient+KV`, `+Watch`, `+Lease`, `+Cluster`, `+Maintenance`, `+Auth`. All of
/// them end by their deadline, end when their task is cancelled, and throw `EtcdError`.
public struct EtcdClient: Sendable {
    /// The member.
    public let endpoint: Endpoint
    /// How long a call may take that is not given a time of its own.
    ///
    /// The server gives up after 5 s and two election time-outs, 7 s by default; a client that gives up earlier does
    /// not learn why.
    public let timeout: Duration

    /// The size from which requests are refused here, in bytes.
    ///
    /// The member refuses them as well, 512 KiB beyond its flag `--max-request-bytes` (1.5 MiB unless set), but before
    /// it has read them, so that all one would see of it is a broken connection. Raise it with that flag.
    public let maximumRequestByteCount: Int

    let channel: GRPCChannel
    let http: HTTPClient
    private let session: AuthSession?

    /// Makes a client; nothing is sent yet.
    public init(
        engine: HTTPEngine, endpoint: Endpoint, credentials: EtcdCredentials? = nil, timeout: Duration = .seconds(8),
        maximumRequestByteCount: Int = 2 << 20
    ) {
        self.endpoint = endpoint
        self.timeout = timeout
        self.maximumRequestByteCount = maximumRequestByteCount
        let channel = GRPCChannel(engine: engine, endpoint: endpoint)
        self.channel = channel
        http = HTTPClient(engine: engine, endpoint: endpoint)
        session = credentials.map { credentials in
            AuthSession { () async throws(EtcdError) in
                try await Self.authenticate(credentials, over: channel, timeout: timeout)
            }
        }
    }

    /// Closes idle connections; a later call opens new ones.
    public func close() {
        channel.close()
        http.close()
    }

    /// Makes a call and decodes its answer.
    func call<Response>(
        _ method: EtcdMethod, timeout: Duration? = nil, isIdempotent: Bool? = nil, lane: Lane = .unary,
        _ request: (inout ProtobufWriter) -> Void = { _ in },
        decode: (GRPCMessage) throws(ProtobufError) -> Response
    ) async throws(EtcdError) -> Response {
        var writer = ProtobufWriter()
        request(&writer)
        let options = CallOptions(
            timeout: timeout ?? self.timeout, isIdempotent: isIdempotent ?? method.isIdempotent, lane: lane)
        let message = try await unary(method, writer.bytes, options)
        do {
            return try decode(message)
        } catch {
            throw malformed(error, isIdempotent: options.isIdempotent)
        }
    }

    /// Makes a call and decodes its answer as a message of one type.
    func call<Response: DecodableMessage>(
        _ method: EtcdMethod, timeout: Duration? = nil, isIdempotent: Bool? = nil,
        _ request: (inout ProtobufWriter) -> Void = { _ in }
    ) async throws(EtcdError) -> Response {
        try await call(method, timeout: timeout, isIdempotent: isIdempotent, request) {
            (message) throws(ProtobufError) in
            try message.decode(Response.init(decoding:))
        }
    }

    /// Sends a call with the token of the session, a second time if the member does not know the token any more.
    func unary(
        _ method: EtcdMethod, _ request: [UInt8], _ options: CallOptions
    ) async throws(EtcdError) -> GRPCMessage {
        guard request.count <= maximumRequestByteCount else {
            throw EtcdError(
                .requestTooLarge, "it has \(request.count) bytes and may have \(maximumRequestByteCount)",
                endpoint: endpoint.url, wasSent: .no, isIdempotent: options.isIdempotent)
        }
        var options = options
        var token = try await session?.token()
        options.metadata = token?.metadata ?? []
        do {
            return try await channel.unary(method.path, request, options: options)
        } catch {
            let failure = EtcdError(error, isIdempotent: options.isIdempotent)
            guard failure.code == .unauthenticated, let session else { throw failure }
            token = try await session.token(afterRefusalOf: token)
        }
        options.metadata = token?.metadata ?? []
        do {
            return try await channel.unary(method.path, request, options: options)
        } catch {
            throw EtcdError(error, isIdempotent: options.isIdempotent)
        }
    }

    /// Opens a stream with the token of the session, a new one if `refused` is the one there is.
    func open(
        _ method: EtcdMethod, sending request: [UInt8]? = nil, metadata: [(name: String, value: String)] = [],
        timeout: Duration? = nil, idleTimeout: Duration?, afterRefusalOf refused: AuthSession.Token? = nil
    ) async throws(EtcdError) -> (stream: GRPCStream, token: AuthSession.Token?) {
        let token = try await session?.token(afterRefusalOf: refused)
        let options = CallOptions(
            timeout: timeout ?? self.timeout, metadata: metadata + (token?.metadata ?? []),
            isIdempotent: method.isIdempotent, idleTimeout: idleTimeout)
        guard let request else { return (channel.open(method.path, options: options), token) }
        return (channel.open(method.path, sending: request, options: options), token)
    }

    /// The request metadata that carries the token of the session, a new one if the last may be forgotten.
    func metadata(renewing isStale: Bool) async throws(EtcdError) -> [(name: String, value: String)] {
        guard let session else { return [] }
        let token = try await session.token()
        return isStale ? try await session.token(afterRefusalOf: token).metadata : token.metadata
    }

    /// The error for an answer that cannot be decoded.
    func malformed(_ error: ProtobufError, isIdempotent: Bool = true) -> EtcdError {
        EtcdError(
            .malformedResponse, error.description, endpoint: endpoint.url, wasSent: .yes, isIdempotent: isIdempotent)
    }

    private static func authenticate(
        _ credentials: EtcdCredentials, over channel: GRPCChannel, timeout: Duration
    ) async throws(EtcdError) -> String {
        var writer = ProtobufWriter()
        writer.string(1, credentials.user)
        writer.string(2, credentials.password)
        let message: GRPCMessage
        do {
            message = try await channel.unary(
                EtcdMethod.authenticate.path, writer.bytes, options: CallOptions(timeout: timeout, isIdempotent: true))
        } catch {
            throw EtcdError(error, isIdempotent: true)
        }
        do {
            return try message.decode(AuthenticateResponse.init(decoding:)).token
        } catch {
            throw EtcdError(.malformedResponse, error.description, endpoint: channel.endpoint.url, isIdempotent: true)
        }
    }
}
