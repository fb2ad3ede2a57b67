/// The observer of a stream: cuts the answer into messages for the reader and feeds the request from the outbox.
///
/// `@unchecked Sendable` holds because status and frames are touched by the engine's thread alone; queue and outbox
/// guard themselves.
final class GRPCStreamCall: TransferObserver, @unchecked Sendable {
    let verdict: GRPCVerdict
    let outbox = StreamOutbox()
    private let queue = StreamQueue<GRPCMessage, GRPCError>()
    private var status = GRPCStatusReader()
    private var frames = GRPCFrameReader()
    private var refusal: GRPCFrameReader.Failure?

    init(_ verdict: GRPCVerdict) {
        self.verdict = verdict
    }

    /// Waits for the next message.
    func next(onRoom: () -> Void) async -> Result<GRPCMessage?, GRPCError> { await queue.next(onRoom: onRoom) }

    /// Ends the stream for its reader; what it has not read is forgotten.
    func fail(_ error: GRPCError) { queue.finish(.failure(error), discarding: true) }

    func received(headerLine: UnsafeRawBufferPointer) { status.read(headerLine) }

    func received(body: UnsafeRawBufferPointer) -> BodyVerdict {
        if queue.isFull() {
            return .full
        }
        guard status.isGRPC else {
            return .accepted
        }
        do throws(GRPCFrameReader.Failure) {
            try frames.read(body) { queue.put($0, byteCount: $0.byteCount) }
            return .accepted
        } catch {
            refusal = error
            return .refused
        }
    }

    func supplyBody(into buffer: UnsafeMutableRawBufferPointer) -> BodySupply { outbox.take(into: buffer) }

    func restarted() {
        preconditionFailure("A stream is never attempted twice: its messages may have been read.")
    }

    func finished(_ outcome: TransferOutcome) {
        outbox.discard()
        if let refusal {
            queue.finish(.failure(verdict.badAnswer(refusal.sentence)))
        } else if let error = verdict.error(outcome, status, isComplete: frames.isAtBoundary, mayLackStatus: false) {
            queue.finish(.failure(error))
        } else {
            queue.finish(.success(()))
        }
    }
}
