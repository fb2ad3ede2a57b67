/// The protocol above a transfer: it supplies and receives bytes and learns the end.
///
/// Called on the engine's thread, so it must not block.
protocol TransferObserver: AnyObject, Sendable {
    /// One header or trailer line, without its line end.
    func received(headerLine: UnsafeRawBufferPointer)
    /// A chunk of the body.
    func received(body: UnsafeRawBufferPointer) -> BodyVerdict
    /// Room for the next piece of a streamed request.
    func supplyBody(into buffer: UnsafeMutableRawBufferPointer) -> BodySupply
    /// The transfer begins anew on another connection: what was received does not count.
    func restarted()
    /// The end; called exactly once, as the last call.
    func finished(_ outcome: TransferOutcome)
}

extension TransferObserver {
    func supplyBody(into buffer: UnsafeMutableRawBufferPointer) -> BodySupply { .end }
}

/// What an observer makes of a chunk.
enum BodyVerdict: Sendable {
    /// It took the chunk.
    case accepted
    /// It is full; the same chunk comes again after `EngineLoop.resume`.
    case full
    /// It cannot go on; the transfer fails, and the observer knows why.
    case refused
}

/// What an observer has of a request's body.
enum BodySupply: Sendable, Equatable {
    /// So many bytes were put into the buffer, more than none.
    case bytes(Int)
    /// Nothing now; it asks for `EngineLoop.resume` when there is.
    case later
    /// That was all.
    case end
}

/// How a transfer ended.
struct TransferOutcome: Sendable {
    /// Why it did not end well; `nil` if libcurl saw nothing wrong.
    var failure: TransferFailure?
    /// Whether a byte of the request may have left.
    var wasStarted: Bool
    /// The status of the HTTP answer; 0 without one.
    var httpStatus = 0
    /// Whether the answer came over HTTP/2.
    var isHTTP2 = false
    /// The time from the first packet until the connection stood, if this transfer opened it.
    var connectTime: Duration = .zero
}
