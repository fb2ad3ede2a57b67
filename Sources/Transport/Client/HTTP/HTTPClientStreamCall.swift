/// The observer of an HTTP request whose answer is read piece by piece.
///
/// `@unchecked Sendable` holds because the reader of the head is touched by the engine's thread alone; the queues guard
/// themselves.
final class HTTPClientStreamCall: TransferObserver, @unchecked Sendable {
    private let endpoint: String
    private let heads = StreamQueue<HTTPClientHead, HTTPClientError>()
    private let chunks = StreamQueue<[UInt8], HTTPClientError>()
    private var reader = HTTPHeadReader()

    init(_ endpoint: String) {
        self.endpoint = endpoint
    }

    /// Waits for the head.
    func head() async -> Result<HTTPClientHead, HTTPClientError> {
        await heads.next {}.flatMap { head in
            head.map { .success($0) } ?? .failure(error("the server ended the answer before its head was complete"))
        }
    }

    /// Waits for the next chunk.
    func next(onRoom: () -> Void) async -> Result<[UInt8]?, HTTPClientError> { await chunks.next(onRoom: onRoom) }

    /// Ends the answer for its reader; what it has not read is forgotten.
    func cancelled() {
        let error = HTTPClientError(
            .cancelled, TransferFailure.cancelled.sentence, endpoint: endpoint, wasSent: .unknown, isIdempotent: false)
        heads.finish(.failure(error))
        chunks.finish(.failure(error), discarding: true)
    }

    func received(headerLine: UnsafeRawBufferPointer) {
        if reader.read(headerLine) {
            heads.put(reader.head, byteCount: 0)
        }
    }

    func received(body: UnsafeRawBufferPointer) -> BodyVerdict {
        if chunks.isFull() {
            return .full
        }
        chunks.put(Array(body), byteCount: body.count)
        return .accepted
    }

    func restarted() {
        preconditionFailure("A stream is never attempted twice: its chunks may have been read.")
    }

    func finished(_ outcome: TransferOutcome) {
        let end: Result<Void, HTTPClientError> =
            if let failure = outcome.failure {
                .failure(HTTPClientError(failure, outcome, endpoint: endpoint, isIdempotent: false))
            } else {
                .success(())
            }
        heads.finish(end)
        chunks.finish(end)
    }

    private func error(_ sentence: String) -> HTTPClientError {
        HTTPClientError(.unavailable, sentence, endpoint: endpoint, wasSent: .unknown, isIdempotent: false)
    }
}
