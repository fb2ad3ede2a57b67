/// One exchange on its way through the engine.
///
/// `@unchecked Sendable` holds because other threads only pass the reference on and read `request` and `pool`, which
/// never change; everything else is touched by the engine's thread alone (and before the start by whoever made it).
final class Transfer: @unchecked Sendable {
    /// Where it stands.
    enum Phase {
        /// Made, not yet with the engine's thread.
        case created
        /// Waiting for a free connection.
        case waiting
        /// With libcurl.
        case running(CurlEasy)
        /// Over; the observer knows.
        case finished
    }

    /// What is asked.
    let request: TransferRequest
    /// The server that is asked.
    let pool: EndpointPool
    /// Who asks; `nil` once the transfer is over, which breaks the cycle between the two.
    var observer: (any TransferObserver)?
    var phase = Phase.created
    /// Why it ended before it was started.
    var failureBeforeStart: TransferFailure?
    /// Its place among those that wait for a deadline.
    var heapIndex: Int?
    /// Whether libcurl has begun to send the request, in any attempt.
    var wasStarted = false
    /// Whether libcurl has begun to send the request in the current attempt.
    var attemptWasStarted = false
    /// Whether the server began to answer in the current attempt.
    var hasAnswer = false
    /// The sockets that the current attempt has made.
    var madeSockets: [Int32] = []
    /// The socket that libcurl watches for the current attempt.
    var socket: Int32?
    /// Whether the current attempt has a connection, in the books of its pool.
    var holdsConnection = false
    /// Whether the current attempt may only use a connection that exists, so that libcurl cannot re-send anything.
    var isRider = false
    /// Whether the current attempt was about to open a connection although it may not.
    var wasRefusedSocket = false
    /// Whether opening a socket failed for want of descriptors.
    var lacksDescriptors = false
    /// Whether a second attempt after a broken connection was made.
    var wasRepeated = false
    /// With an idle timeout: whether its deadline was met.
    var hasBegun = false
    /// When the server last said or, of a call, took something.
    var lastSign: ContinuousClock.Instant
    /// Of a stream: whether the reader holds it up.
    var isHeldUp = false

    init(_ request: TransferRequest, on pool: EndpointPool) {
        self.request = request
        self.pool = pool
        lastSign = .now
    }

    /// Passes a chunk of the answer on.
    func receive(_ body: UnsafeRawBufferPointer) -> BodyVerdict {
        let verdict = observer?.received(body: body) ?? .refused
        if request.kind == .stream || request.idleTimeout != nil {
            lastSign = .now
            isHeldUp = verdict == .full
        }
        return verdict
    }

    /// Takes the next piece of a streamed body from the observer; `nil` once the transfer is over.
    func supplyBody(into buffer: UnsafeMutableRawBufferPointer) -> BodySupply? {
        // libcurl asks for more when the connection has taken what it had, so an upload that moves is not silent.
        if request.kind == .call {
            lastSign = .now
        }
        return observer?.supplyBody(into: buffer)
    }

    /// Passes header lines of the answer on, each without its line end.
    ///
    /// libcurl promises one line at a time, but what comes while a transfer is paused it keeps as one piece per kind
    /// (`pausewrite` in its sendf.c), so that all trailers of a stream can arrive together.
    func receive(headers: UnsafeRawBufferPointer) {
        hasAnswer = true
        HeaderLine.forEach(in: headers) { observer?.received(headerLine: $0) }
    }

    /// Tells the observer, once, how it ended.
    func finish(_ outcome: TransferOutcome) {
        phase = .finished
        let listener = observer
        observer = nil
        listener?.finished(outcome)
    }
}
