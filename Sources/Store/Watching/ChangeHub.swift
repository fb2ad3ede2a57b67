import Synchronization

/// The newest changes in memory, and the watchers that wait for the next.
///
/// A watcher pulls: it comes with the revision it has seen, and gets what came since, or waits. So there is no buffer
/// for each watcher that could overflow. One that lags behind the few changes kept here reads on from the log in the
/// file, and one that lags behind that as well is told so. One that has seen everything may leave a receiver here
/// instead of a task that waits.
final class ChangeHub: Sendable {
    /// What a watcher that asked gets.
    enum Answer: Sendable {
        /// Changes of the kind it asked for, in order, and the revision up to which it has seen all.
        case changes([Change], upTo: Int64)
        /// It is behind what is in memory and has to read the log.
        case behind
        /// It has seen everything up to this revision, and asked to be told.
        case bookmark(Int64)
        /// The store was closed, or the task was cancelled.
        case ended
    }

    fileprivate struct Waiter {
        let position: Int64
        let kind: String
        let continuation: CheckedContinuation<Answer, Never>
    }

    struct State {
        /// Those who left a receiver, by the kind they watch.
        var parked: [String: [UInt64: ParkedWatch]] = [:]
        /// The revision up to which the receivers were told.
        var told: Int64 = 0
        /// The kinds of which changes have left the memory before the receivers were told.
        var gaps: Set<String> = []
        /// Whether a task tells the receivers.
        var isTelling = false
        /// The newest revision that is committed.
        var head: Int64 = 0
        /// The revision before the oldest change in memory.
        var base: Int64 = 0
        var recent: [Change] = []
        fileprivate var waiters: [UInt64: Waiter] = [:]
        var bookmarksAsked: Set<UInt64> = []
        var lastWatcher: UInt64 = 0
        var isEnded = false
    }

    /// How many changes stay in memory.
    ///
    /// Documents as values are large, and who is further behind can read the file.
    private static let capacity = 512
    /// How many changes stay at most because receivers were not told of them yet.
    private static let untoldCapacity = 8_192

    let state = Mutex(State())

    /// Sets the revision from which on changes are published.
    func start(at revision: Int64) {
        state.withLock { state in
            state.head = revision
            state.base = revision
            state.told = revision
        }
    }

    /// The newest revision of which watchers know.
    var head: Int64 { state.withLock { $0.head } }

    /// How many watchers wait for a change.
    var waiterCount: Int {
        state.withLock { state in state.parked.values.reduce(state.waiters.count) { $0 + $1.count } }
    }

    /// A number for a new watcher.
    func makeWatcher() -> UInt64 {
        state.withLock { state in
            state.lastWatcher += 1
            return state.lastWatcher
        }
    }

    /// Hands committed changes to all who wait for their kind.
    func publish(_ changes: [Change]) {
        guard let last = changes.last else { return }
        let (woken, tells) = state.withLock { state in
            if state.parked.isEmpty { state.told = last.revision }
            state.head = last.revision
            state.recent += changes
            // Dropped in large steps, as each one moves the rest; what the receivers were not told yet stays for a while.
            let untold = state.recent.reversed().prefix { $0.revision > state.told }.count
            let excess = state.recent.count - max(Self.capacity, min(untold, Self.untoldCapacity))
            if excess > Self.capacity {
                state.base = state.recent[excess - 1].revision
                if state.told < state.base {
                    state.gaps.formUnion(state.recent[..<excess].filter { $0.revision > state.told }.map(\.kindName))
                }
                state.recent.removeFirst(excess)
            }
            var woken: [(CheckedContinuation<Answer, Never>, [Change])] = []
            for (watcher, waiter) in state.waiters {
                let matching = Self.changes(changes, after: waiter.position, of: waiter.kind)
                guard !matching.isEmpty else { continue }
                woken.append((waiter.continuation, matching))
                state.waiters[watcher] = nil
            }
            return (woken, state.beginTelling())
        }
        for (continuation, matching) in woken {
            continuation.resume(returning: .changes(matching, upTo: last.revision))
        }
        if tells { startTelling() }
    }

    /// Those of a kind that came after a revision; most who ask have seen all but the last.
    static func changes(_ all: [Change], after position: Int64, of kind: String) -> [Change] {
        var first = all.endIndex
        while first > 0, all[first - 1].revision > position { first -= 1 }
        return all[first...].filter { $0.kindName == kind }
    }

    /// What came of a kind after `position`; nil when there is nothing yet.
    func present(for watcher: UInt64, after position: Int64, kind: String) -> Answer? {
        state.withLock { $0.present(for: watcher, after: position, kind: kind) }
    }

    /// What came of a kind after `position`; waits when there is nothing yet.
    func next(for watcher: UInt64, after position: Int64, kind: String) async -> Answer {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Answer? = state.withLock { state in
                    if Task.isCancelled { return .ended }
                    let answer = state.present(for: watcher, after: position, kind: kind)
                    if answer == nil {
                        state.waiters[watcher] = Waiter(position: position, kind: kind, continuation: continuation)
                    }
                    return answer
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters.removeValue(forKey: watcher) }
            waiter?.continuation.resume(returning: .ended)
        }
    }

    /// Has a watcher told how far it has come as soon as it has seen everything.
    func askBookmark(for watcher: UInt64) {
        let (waiter, head, tells) = state.withLock { state -> (Waiter?, Int64, Bool) in
            if let waiter = state.waiters.removeValue(forKey: watcher) { return (waiter, state.head, false) }
            state.bookmarksAsked.insert(watcher)
            return (nil, state.head, state.beginTelling())
        }
        if tells { startTelling() }
        waiter?.continuation.resume(returning: .bookmark(max(waiter?.position ?? head, head)))
    }

    /// Forgets a watcher that is gone.
    func forget(_ watcher: UInt64) {
        state.withLock { state in
            _ = state.bookmarksAsked.remove(watcher)
        }
    }

    /// Ends all watches.
    func end() {
        let (waiters, parked) = state.withLock { state in
            state.isEnded = true
            defer {
                state.waiters = [:]
                state.parked = [:]
            }
            return (Array(state.waiters.values), state.parked.values.flatMap(\.values))
        }
        for waiter in waiters { waiter.continuation.resume(returning: .ended) }
        for watch in parked { watch.receiver.watchEnded() }
    }
}

extension ChangeHub.State {
    /// What a watcher that stands at a revision gets; nil when it has seen everything.
    mutating func present(for watcher: UInt64, after position: Int64, kind: String) -> ChangeHub.Answer? {
        if isEnded { return .ended }
        // Ahead of the hub is one that has just read what is about to be published, or a mistake; the file knows which.
        if position < base || position > head { return .behind }
        let matching = ChangeHub.changes(recent, after: position, of: kind)
        if !matching.isEmpty { return .changes(matching, upTo: head) }
        if bookmarksAsked.remove(watcher) != nil { return .bookmark(max(position, head)) }
        return nil
    }
}
