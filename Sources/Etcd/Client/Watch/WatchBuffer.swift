import Synchronization

/// The batches of one watch that its reader has not taken yet.
final class WatchBuffer: Sendable {
    /// A batch, and whether taking it has made room in a buffer that was full.
    private typealias Answer = Result<(batch: WatchBatch, madeRoom: Bool), EtcdError>

    private struct State {
        var batches: [WatchBatch] = []
        var bytes = 0
        var end: EtcdError?
        var reader: CheckedContinuation<Answer, Never>?
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// Makes a buffer that is full at `capacity` bytes.
    init(capacity: Int) {
        self.capacity = capacity
    }

    /// How many bytes wait.
    var byteCount: Int { state.withLock { $0.bytes } }

    /// Whether so much waits that no more should come.
    var isFull: Bool { byteCount >= capacity }

    /// Adds a batch, also to a full buffer: it is here already.
    func add(_ batch: WatchBatch) {
        let reader = state.withLock { state -> CheckedContinuation<Answer, Never>? in
            guard state.end == nil else { return nil }
            if let reader = state.reader {
                state.reader = nil
                return reader
            }
            state.batches.append(batch)
            state.bytes += batch.byteCount
            return nil
        }
        reader?.resume(returning: .success((batch, false)))
    }

    /// Ends the watch, after what waits has been read.
    func finish(_ error: EtcdError) {
        let reader = state.withLock { state -> CheckedContinuation<Answer, Never>? in
            if state.end == nil { state.end = error }
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: .failure(error))
    }

    /// Waits for a batch; says whether taking it has made room in a buffer that was full.
    func next(endpoint: String) async throws(EtcdError) -> (batch: WatchBatch, madeRoom: Bool) {
        let cancelled = EtcdError(.cancelled, "reading the watch was given up", endpoint: endpoint, isIdempotent: true)
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { reader in
                let answer = state.withLock { state -> Answer? in
                    if let taken = take(&state) { return .success(taken) }
                    if let end = state.end { return .failure(end) }
                    if Task.isCancelled { return .failure(cancelled) }
                    precondition(state.reader == nil, "A watch has one reader.")
                    state.reader = reader
                    return nil
                }
                if let answer { reader.resume(returning: answer) }
            }
        } onCancel: {
            let reader = state.withLock { state in
                defer { state.reader = nil }
                return state.reader
            }
            reader?.resume(returning: .failure(cancelled))
        }
        return try answer.get()
    }

    /// Takes a batch that is here already, nil if none is.
    func nextIfHere() -> (batch: WatchBatch, madeRoom: Bool)? { state.withLock { take(&$0) } }

    private func take(_ state: inout State) -> (batch: WatchBatch, madeRoom: Bool)? {
        guard !state.batches.isEmpty else { return nil }
        let batch = state.batches.removeFirst()
        let before = state.bytes
        state.bytes -= batch.byteCount
        return (batch, before * 2 >= capacity && state.bytes * 2 < capacity)
    }
}
