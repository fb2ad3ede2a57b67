/// The observer of an HTTP request whose answer is read as a whole.
///
/// `@unchecked Sendable` holds because only the engine's thread touches it between the start and the end of the
/// transfer, and nobody afterwards.
final class HTTPClientCall: TransferObserver, @unchecked Sendable {
    private let endpoint: String
    private let request: HTTPClientRequest
    private let caller: CheckedContinuation<Result<HTTPClientResponse, HTTPClientError>, Never>
    private var reader = HTTPHeadReader()
    private var body: [UInt8] = []
    private var supplied = 0
    private var isTooLong = false

    init(
        _ endpoint: String, _ request: HTTPClientRequest,
        _ caller: CheckedContinuation<Result<HTTPClientResponse, HTTPClientError>, Never>
    ) {
        self.endpoint = endpoint
        self.request = request
        self.caller = caller
    }

    func received(headerLine: UnsafeRawBufferPointer) { _ = reader.read(headerLine) }

    func received(body chunk: UnsafeRawBufferPointer) -> BodyVerdict {
        guard body.count + chunk.count <= request.maximumAnswerByteCount else {
            isTooLong = true
            return .refused
        }
        body.append(contentsOf: chunk)
        return .accepted
    }

    func supplyBody(into buffer: UnsafeMutableRawBufferPointer) -> BodySupply {
        guard let content = request.body, supplied < content.count else { return .end }
        let count = min(buffer.count, content.count - supplied)
        content[supplied..<(supplied + count)].withUnsafeBytes { buffer.copyMemory(from: $0) }
        supplied += count
        return .bytes(count)
    }

    func restarted() {
        reader = HTTPHeadReader()
        body = []
        supplied = 0
    }

    func finished(_ outcome: TransferOutcome) {
        if isTooLong {
            let sentence = "the answer is longer than \(request.maximumAnswerByteCount) bytes"
            let error = HTTPClientError(.tooLong, sentence, endpoint: endpoint, wasSent: .yes, isIdempotent: false)
            caller.resume(returning: .failure(error))
        } else if let failure = outcome.failure {
            let error = HTTPClientError(failure, outcome, endpoint: endpoint, isIdempotent: request.isIdempotent)
            caller.resume(returning: .failure(error))
        } else {
            caller.resume(returning: .success(HTTPClientResponse(head: reader.head, body: body)))
        }
    }
}
