/// An HTTP answer whose body is read piece by piece, as an asynchronous sequence of chunks.
///
/// A reader that is slower than the server slows the server down. The sequence ends with the body and throws
/// `HTTPClientError` if the connection breaks before. It is meant for one reader. Cancelling the reading task, or
/// letting the value go, ends the request and closes its connection.
public struct HTTPClientStream: AsyncSequence, Sendable {
    /// What is read.
    public typealias Element = [UInt8]
    /// How reading fails.
    public typealias Failure = HTTPClientError

    /// Status and header fields.
    public let head: HTTPClientHead
    private let body: Body

    init(head: HTTPClientHead, body: Body) {
        self.head = head
        self.body = body
    }

    /// The status, from 200 on; also one that reports an error.
    public var status: Int { head.status }

    /// Ends the request and closes its connection; a reader that waits gets an error of the kind `cancelled`.
    public func cancel() { body.cancel() }

    /// Starts reading.
    public func makeAsyncIterator() -> Iterator { Iterator(body: body) }

    /// Reads a body.
    public struct Iterator: AsyncIteratorProtocol {
        let body: Body

        /// Waits for the next chunk; `nil` at the end of the body.
        public func next() async throws(HTTPClientError) -> [UInt8]? { try await body.next() }

        /// Waits for the next chunk; `nil` at the end of the body.
        public func next(isolation actor: isolated (any Actor)?) async throws(HTTPClientError) -> [UInt8]? {
            try await body.next()
        }
    }

    /// Whoever holds this holds the request.
    final class Body: Sendable {
        private let call: HTTPClientStreamCall
        private let transfer: Transfer
        private let engine: HTTPEngine

        init(call: HTTPClientStreamCall, transfer: Transfer, engine: HTTPEngine) {
            self.call = call
            self.transfer = transfer
            self.engine = engine
        }

        deinit { cancel() }

        func cancel() {
            call.cancelled()
            engine.loop.post(.cancel(transfer))
        }

        func head() async throws(HTTPClientError) -> HTTPClientHead {
            let result = await withTaskCancellationHandler {
                await call.head()
            } onCancel: {
                cancel()
            }
            return try result.get()
        }

        func next() async throws(HTTPClientError) -> [UInt8]? {
            let result = await withTaskCancellationHandler {
                await call.next { engine.loop.post(.resume(transfer, sending: false)) }
            } onCancel: {
                cancel()
            }
            return try result.get()
        }
    }
}
