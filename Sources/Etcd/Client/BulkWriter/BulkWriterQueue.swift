import Synchronization

/// Hands transactions from the task that packs them to those that send them.
///
/// At most `capacity` are here or under way at a time. One that writes a key which an earlier one also writes waits
/// until that one is done, which keeps the order of writes to a key.
final class BulkWriterQueue: Sendable {
    private struct State {
        var ready: [BulkWriterBatch] = []
        /// The keys of what is ready or under way.
        var keys: [Set<UInt64>] = []
        var idle: [CheckedContinuation<BulkWriterBatch?, Never>] = []
        /// The one task that packs, while it waits, and what it waits for.
        var producer: (wait: Wait, continuation: CheckedContinuation<Void, Never>)?
        var failure: EtcdError?
        var isClosed = false
        var summary = BulkWriter.Summary()
    }

    private enum Wait {
        case room(Set<UInt64>)
        case end
    }

    private let capacity: Int
    private let state = Mutex(State())

    init(capacity: Int) {
        self.capacity = max(capacity, 1)
    }

    /// What has been written.
    var summary: BulkWriter.Summary { state.withLock { $0.summary } }

    /// Gives a transaction to the senders, after waiting for room.
    func submit(_ batch: BulkWriterBatch) async throws(EtcdError) {
        try await wait(.room(batch.keys))
        let sender = state.withLock { state -> CheckedContinuation<BulkWriterBatch?, Never>? in
            state.keys.append(batch.keys)
            if let sender = state.idle.popLast() { return sender }
            state.ready.append(batch)
            return nil
        }
        sender?.resume(returning: batch)
    }

    /// Waits until everything given so far is written.
    func waitUntilWritten() async throws(EtcdError) {
        try await wait(.end)
    }

    /// Sends one transaction after the other until the queue is closed or a transaction fails for good.
    func work(_ write: (BulkWriterBatch) async throws(EtcdError) -> Int64) async {
        while let batch = await take() {
            do {
                let revision = try await write(batch)
                note(batch) { state in
                    state.summary.operations += batch.operations
                    state.summary.transactions += 1
                    state.summary.bytes += batch.bytes.count
                    state.summary.revision = max(state.summary.revision, revision)
                }
            } catch {
                note(batch) { state in
                    if state.failure == nil { state.failure = error }
                }
            }
        }
    }

    /// Sends the senders home.
    func close() {
        let idle = state.withLock { state in
            state.isClosed = true
            defer { state.idle = [] }
            return state.idle
        }
        for sender in idle { sender.resume(returning: nil) }
    }

    private func take() async -> BulkWriterBatch? {
        await withCheckedContinuation { sender in
            let answer = state.withLock { state -> BulkWriterBatch?? in
                if state.isClosed || state.failure != nil { return .some(nil) }
                if !state.ready.isEmpty { return state.ready.removeFirst() }
                state.idle.append(sender)
                return nil
            }
            if let answer { sender.resume(returning: answer) }
        }
    }

    private func note(_ batch: BulkWriterBatch, _ change: (inout State) -> Void) {
        let producer = state.withLock { state -> CheckedContinuation<Void, Never>? in
            change(&state)
            if let index = state.keys.firstIndex(of: batch.keys) { state.keys.remove(at: index) }
            guard let producer = state.producer, canGoOn(producer.wait, state) else { return nil }
            state.producer = nil
            return producer.continuation
        }
        producer?.resume()
    }

    private func wait(_ wait: Wait) async throws(EtcdError) {
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state in
                if canGoOn(wait, state) { return true }
                state.producer = (wait, continuation)
                return false
            }
            if goesOn { continuation.resume() }
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    private func canGoOn(_ wait: Wait, _ state: State) -> Bool {
        if state.failure != nil { return true }
        return switch wait {
        case .room(let keys): state.keys.count < capacity && state.keys.allSatisfy { $0.isDisjoint(with: keys) }
        case .end: state.keys.isEmpty
        }
    }
}
