/// A stream of messages in both directions: send at any time, read as an asynchronous sequence.
///
/// It has a connection of its own, which ends with it. A reader that is slower than the server slows the server down:
/// at most about a megabyte waits here. The sequence ends when the server ends the call well, and throws `GRPCError`
/// otherwise. It is meant for one reader. Cancelling the reading task, or letting the object go, cancels the call.
public final class GRPCStream: AsyncSequence, Sendable {
    /// What is read.
    public typealias Element = GRPCMessage
    /// How reading fails.
    public typealias Failure = GRPCError

    private let call: GRPCStreamCall
    private let transfer: Transfer
    private let engine: HTTPEngine

    /// Starts the call; `request` is all there is to send, nil if messages are sent later.
    init(engine: HTTPEngine, pool: EndpointPool, method: String, options: CallOptions, request: [UInt8]? = nil) {
        self.engine = engine
        let verdict = GRPCVerdict(endpoint: pool.endpoint.url, isIdempotent: options.isIdempotent)
        call = GRPCStreamCall(verdict)
        var sent = TransferRequest(
            kind: .stream, method: "POST", path: method, headers: [],
            body: request.map { .bytes(RequestBody(framing: $0)) } ?? .streamed(byteCount: nil),
            deadline: .after(options.timeout), idleTimeout: options.idleTimeout?.limited,
            isIdempotent: options.isIdempotent)
        switch GRPCRequestHeaders.make(options) {
        case .success(let lines):
            sent.headers = lines
            transfer = Transfer(sent, on: pool)
            transfer.observer = call
            engine.loop.start(transfer)
        case .failure(let invalid):
            transfer = Transfer(sent, on: pool)
            call.fail(invalid.error(endpoint: verdict.endpoint))
        }
    }

    deinit { cancel() }

    /// Sends a message, encoded.
    ///
    /// Before the connection stands it waits; after the end of the stream it is dropped.
    public func send(_ bytes: [UInt8]) {
        if call.outbox.append(RequestBody(framing: bytes)) {
            engine.loop.post(.resume(transfer, sending: true))
        }
    }

    /// Tells the server that no further message will come.
    ///
    /// The server may go on sending.
    public func finishSending() {
        if call.outbox.finish() {
            engine.loop.post(.resume(transfer, sending: true))
        }
    }

    /// Ends the call and closes its connection.
    ///
    /// What was not read is gone; a reader that waits gets an error with the code `cancelled`.
    public func cancel() {
        call.fail(call.verdict.cancelled)
        engine.loop.post(.cancel(transfer))
    }

    /// Starts reading.
    public func makeAsyncIterator() -> Iterator { Iterator(stream: self) }

    /// Reads a stream.
    public struct Iterator: AsyncIteratorProtocol {
        let stream: GRPCStream

        /// Waits for the next message; `nil` when the server ended the call well.
        public func next() async throws(GRPCError) -> GRPCMessage? { try await stream.next() }

        /// Waits for the next message; `nil` when the server ended the call well.
        public func next(isolation actor: isolated (any Actor)?) async throws(GRPCError) -> GRPCMessage? {
            try await stream.next()
        }
    }

    /// Waits for the next message; `nil` when the server ended the call well.
    public func next() async throws(GRPCError) -> GRPCMessage? {
        let result = await withTaskCancellationHandler {
            await call.next { engine.loop.post(.resume(transfer, sending: false)) }
        } onCancel: {
            cancel()
        }
        return try result.get()
    }
}
