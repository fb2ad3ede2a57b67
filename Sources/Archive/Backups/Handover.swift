import Synchronization

/// Passes elements from one task to another on another thread, a few at a time: who is faster waits.
final class Handover<Element: Sendable>: Sendable {
    private typealias Waiter = CheckedContinuation<Void, Never>

    private struct State {
        var elements: [Element] = []
        /// Success once nothing more comes; an error once either side has given up.
        var end: Result<Void, any Error>?
        /// The side that waits; never both do, as one waits for room and the other for elements.
        var waiting: Waiter?
        /// Counts what was done, so that nobody waits for something that has just happened.
        var changes = 0
    }

    /// What came of an attempt.
    private enum Attempt<Result> {
        case done(Result)
        case later
    }

    private let capacity: Int
    private let state = Mutex(State())

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Gives an element over, once there is room for it.
    ///
    /// - Throws: the error with which the other side gave up; `CancellationError`.
    func send(_ element: Element) async throws {
        try await untilPossible { (state: inout State) -> Attempt<Void> in
            if case .failure(let error) = state.end { throw error }
            guard state.elements.count < capacity else { return .later }
            state.elements.append(element)
            return .done(())
        }
    }

    /// Waits for the next element; nil once there are no more.
    ///
    /// - Throws: the error with which the other side gave up; `CancellationError`.
    func next() async throws -> Element? {
        try await untilPossible { (state: inout State) -> Attempt<Element?> in
            if case .failure(let error) = state.end { throw error }
            if !state.elements.isEmpty { return .done(state.elements.removeFirst()) }
            return state.end == nil ? .later : .done(nil)
        }
    }

    /// Tells the receiver that no more will come.
    func finish() { end(.success(())) }

    /// Gives up: the other side is told why at its next step.
    func fail(_ error: any Error) { end(.failure(error)) }

    private func end(_ end: Result<Void, any Error>) {
        let waiting = state.withLock { state in
            if state.end == nil { state.end = end }
            state.changes += 1
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }

    /// Repeats an attempt whenever the other side has done something, until it gives a result.
    private func untilPossible<Result: Sendable>(
        _ attempt: (inout State) throws -> Attempt<Result>
    ) async throws -> Result {
        try await withTaskCancellationHandler {
            while true {
                let (outcome, waiter, seen) = try state.withLock { state in
                    let outcome = try attempt(&state)
                    guard case .done = outcome else { return (outcome, Waiter?.none, state.changes) }
                    state.changes += 1
                    defer { state.waiting = nil }
                    return (outcome, state.waiting, state.changes)
                }
                waiter?.resume()
                if case .done(let result) = outcome { return result }
                await withCheckedContinuation { (waiter: Waiter) in
                    // What has changed since the attempt may have made it possible.
                    let isUnchanged = state.withLock { state in
                        guard state.changes == seen else { return false }
                        state.waiting = waiter
                        return true
                    }
                    if !isUnchanged { waiter.resume() }
                }
            }
        } onCancel: {
            fail(CancellationError())
        }
    }
}
