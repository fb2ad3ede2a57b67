/// The first rung of a health check, which asks whether anything accepts connections there.
public enum TCPProbe {
    /// Connects, closes the connection again, and returns how long connecting took, the look-up of the name not counted.
    ///
    /// - Parameters:
    ///   - host: a name or an address, IPv6 without brackets.
    ///   - port: the TCP port.
    ///   - timeout: how long it may take, the look-up of the name included.
    ///   - engine: runs it, so that no thread waits.
    /// - Returns: the time from the first packet to the established connection.
    /// - Throws: `HTTPClientError`; one of the kind `unavailable` says that the connection was refused or impossible.
    public static func connect(
        host: String, port: Int, timeout: Duration, on engine: HTTPEngine
    ) async throws(HTTPClientError) -> Duration {
        try await connect(to: Endpoint(scheme: .http, host: host, port: port), timeout: timeout, on: engine)
    }

    /// Connects to the host and port of an endpoint, without TLS, as the other form does.
    public static func connect(
        to endpoint: Endpoint, timeout: Duration, on engine: HTTPEngine
    ) async throws(HTTPClientError) -> Duration {
        let plain = Endpoint(scheme: .http, host: endpoint.host, port: endpoint.port)
        let transfer = Transfer(
            TransferRequest(kind: .connect, method: "GET", path: "/", headers: [], deadline: .after(timeout)),
            on: engine.pool(for: plain, .http))
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { caller in
                transfer.observer = TCPProbeCall("\(endpoint.host):\(endpoint.port)", caller)
                engine.loop.start(transfer)
            }
        } onCancel: {
            engine.loop.post(.cancel(transfer))
        }
        return try result.get()
    }
}

/// The observer of a connection that carries nothing.
private final class TCPProbeCall: TransferObserver {
    private let endpoint: String
    private let caller: CheckedContinuation<Result<Duration, HTTPClientError>, Never>

    init(_ endpoint: String, _ caller: CheckedContinuation<Result<Duration, HTTPClientError>, Never>) {
        self.endpoint = endpoint
        self.caller = caller
    }

    func received(headerLine: UnsafeRawBufferPointer) {}

    func received(body: UnsafeRawBufferPointer) -> BodyVerdict { .accepted }

    func restarted() {}

    func finished(_ outcome: TransferOutcome) {
        if let failure = outcome.failure {
            caller.resume(
                returning: .failure(HTTPClientError(failure, outcome, endpoint: endpoint, isIdempotent: true)))
        } else {
            caller.resume(returning: .success(outcome.connectTime))
        }
    }
}
