import Synchronization

/// The observer of a unary call: keeps the one message of the answer and its status, and resumes the caller at the end.
///
/// `@unchecked Sendable` holds because only the engine's thread touches it between the start and the end of the
/// transfer, and nobody afterwards.
final class GRPCUnaryCall: TransferObserver, @unchecked Sendable {
    private let verdict: GRPCVerdict
    private let counters: EngineCounters
    private let caller: CheckedContinuation<Result<GRPCMessage, GRPCError>, Never>
    private var status = GRPCStatusReader()
    private var frames = GRPCFrameReader()
    private var messages: [GRPCMessage] = []
    private var refusal: GRPCFrameReader.Failure?

    init(
        _ verdict: GRPCVerdict, _ counters: EngineCounters,
        _ caller: CheckedContinuation<Result<GRPCMessage, GRPCError>, Never>
    ) {
        self.verdict = verdict
        self.counters = counters
        self.caller = caller
    }

    func received(headerLine: UnsafeRawBufferPointer) { status.read(headerLine) }

    func received(body: UnsafeRawBufferPointer) -> BodyVerdict {
        // What some other server says there is of no use; the verdict tells that it is one.
        guard status.isGRPC else {
            return .accepted
        }
        do throws(GRPCFrameReader.Failure) {
            try frames.read(body) { messages.append($0) }
            return .accepted
        } catch {
            refusal = error
            return .refused
        }
    }

    func restarted() {
        status = GRPCStatusReader()
        frames = GRPCFrameReader()
        messages = []
    }

    func finished(_ outcome: TransferOutcome) { caller.resume(returning: result(outcome)) }

    private func result(_ outcome: TransferOutcome) -> Result<GRPCMessage, GRPCError> {
        if let refusal {
            return .failure(verdict.badAnswer(refusal.sentence))
        }
        let isAnswered = messages.count == 1
        if let error = verdict.error(outcome, status, isComplete: frames.isAtBoundary, mayLackStatus: isAnswered) {
            return .failure(error)
        }
        guard isAnswered, let message = messages.first else {
            return .failure(verdict.badAnswer("the server answered with \(messages.count) messages instead of one"))
        }
        if status.code == nil {
            counters.answersWithoutStatus.add(1, ordering: .relaxed)
        }
        return .success(message)
    }
}
