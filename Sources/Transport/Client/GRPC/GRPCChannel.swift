/// gRPC calls to one server.
///
/// A value: copies, and channels made separately for the same endpoint, share their connections. Up to eight small and
/// four big calls run at a time, each alone on a connection that the next one uses again; streams have connections of
/// their own. When the last copy is gone, its idle connections are closed.
public struct GRPCChannel: Sendable {
    /// The server.
    public let endpoint: Endpoint
    private let engine: HTTPEngine
    private let pool: EndpointPool
    private let name: String

    /// Creates a channel; nothing is connected before the first call.
    public init(engine: HTTPEngine, endpoint: Endpoint) {
        self.engine = engine
        self.endpoint = endpoint
        pool = engine.pool(for: endpoint, .grpc)
        name = endpoint.url
    }

    /// Sends one message and waits for the one that answers it.
    ///
    /// Cancelling the task ends the call.
    ///
    /// - Parameters:
    ///   - method: service and method, such as `/etcdserverpb.KV/Range`.
    ///   - request: the message, encoded.
    ///   - options: its deadline and the rest.
    /// - Returns: the answer.
    /// - Throws: `GRPCError`, which says whether the request may have taken effect.
    public func unary(
        _ method: String, _ request: [UInt8], options: CallOptions = CallOptions()
    ) async throws(GRPCError) -> GRPCMessage {
        let verdict = GRPCVerdict(endpoint: name, isIdempotent: options.isIdempotent)
        let transfer = Transfer(
            TransferRequest(
                kind: .call, method: "POST", path: method, headers: try headers(options),
                body: .bytes(RequestBody(framing: request)), deadline: .after(options.timeout), lane: options.lane,
                isIdempotent: options.isIdempotent, serverGrace: .milliseconds(100)),
            on: pool)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { caller in
                transfer.observer = GRPCUnaryCall(verdict, engine.loop.counters, caller)
                engine.loop.start(transfer)
            }
        } onCancel: {
            engine.loop.post(.cancel(transfer))
        }
        return try result.get()
    }

    /// Opens a stream of messages in both directions on a connection of its own.
    ///
    /// For a call that only the server streams, use `open(_:sending:options:)`. Errors, that of an invalid header
    /// included, come when the stream is read.
    public func open(_ method: String, options: CallOptions = CallOptions()) -> GRPCStream {
        GRPCStream(engine: engine, pool: pool, method: method, options: options)
    }

    /// Sends one message and opens the stream of its answers, on a connection of its own.
    ///
    /// The request is given to libcurl whole. Ending a streamed request while the answer is on its way makes libcurl
    /// 7.88 lose what it has received and not handed out yet: of snapshots of 50 kB one in ten was cut off. So a call
    /// that only the server streams must not be made with `open(_:options:)` and `finishSending()`.
    public func open(_ method: String, sending request: [UInt8], options: CallOptions = CallOptions()) -> GRPCStream {
        GRPCStream(engine: engine, pool: pool, method: method, options: options, request: request)
    }

    /// Closes the idle connections to this server, also those that other channels to it left.
    ///
    /// Calls that run go on, and a later call connects anew.
    public func close() { engine.loop.post(.closeIdle(pool.key)) }

    private func headers(_ options: CallOptions) throws(GRPCError) -> [String] {
        switch GRPCRequestHeaders.make(options) {
        case .success(let lines): lines
        case .failure(let name): throw name.error(endpoint: self.name)
        }
    }
}
