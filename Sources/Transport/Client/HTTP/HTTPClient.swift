/// HTTP/1.1 requests to one server.
///
/// A value: copies, and clients made separately for the same endpoint, share their connections. Up to eight requests
/// run at a time; streams have connections of their own. Redirections are not followed.
public struct HTTPClient: Sendable {
    /// The server.
    public let endpoint: Endpoint
    private let engine: HTTPEngine
    private let pool: EndpointPool

    /// Creates a client; nothing is connected before the first request.
    public init(engine: HTTPEngine, endpoint: Endpoint) {
        self.engine = engine
        self.endpoint = endpoint
        pool = engine.pool(for: endpoint, .http)
    }

    /// Sends a request and reads the answer to its end.
    ///
    /// Cancelling the task ends the request. A status of 400 and above is an answer like others.
    public func send(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientResponse {
        let transfer = try transfer(request, .call)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { caller in
                transfer.observer = HTTPClientCall(endpoint.url, request, caller)
                engine.loop.start(transfer)
            }
        } onCancel: {
            engine.loop.post(.cancel(transfer))
        }
        return try result.get()
    }

    /// Sends a request and waits for the head of the answer; the body is then read piece by piece.
    ///
    /// Cancelling the task, then or while it reads, ends the request.
    public func stream(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientStream {
        let transfer = try transfer(request, .stream)
        let call = HTTPClientStreamCall(endpoint.url)
        transfer.observer = call
        engine.loop.start(transfer)
        // From here on the object ends the transfer when it goes.
        let body = HTTPClientStream.Body(call: call, transfer: transfer, engine: engine)
        return HTTPClientStream(head: try await body.head(), body: body)
    }

    /// Closes the idle connections to this server.
    ///
    /// Requests that run go on, and a later one connects anew.
    public func close() { engine.loop.post(.closeIdle(pool.key)) }

    private func transfer(
        _ request: HTTPClientRequest, _ kind: TransferRequest.Kind
    ) throws(HTTPClientError) -> Transfer {
        do throws(HTTPClientError.Invalid) {
            return Transfer(try request.transferRequest(kind), on: pool)
        } catch {
            throw HTTPClientError(error, endpoint: endpoint.url)
        }
    }
}
