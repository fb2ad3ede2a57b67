import ControllerRuntime
import Store
import Synchronization

/// Looks at clusters beside the loops, so that members that do not answer hold no worker of theirs.
///
/// A pass that wants to know how members are waits a moment for the look to end, which is all it takes where they
/// answer. A look that takes longer goes on by itself, and its end wakes the record. So what a dead cluster costs the
/// living does not grow with its deadlines.
final class Lookout: Component {
    let name = "lookout"
    /// How long a pass waits for a look; none at all where the last one took longer than this.
    private let patience: Duration
    /// How many looks may be under way; more would make members late by themselves.
    private let limit: Int
    private let wakeups: Wakeups

    private struct Look {
        var waiters: [UInt64: AsyncStream<Never>.Continuation] = [:]
        var woken: Set<RecordID> = []
    }

    private struct Work: Sendable {
        let subject: String
        let body: @Sendable () async -> Void
    }

    private struct State {
        var looks: [String: Look] = [:]
        var line: [Work] = []
        var runningCount = 0
        var slow: Set<String> = []
        var lastWaiter: UInt64 = 0
    }

    private let state = Mutex(State())
    private let inbox: AsyncStream<Work>
    private let outbox: AsyncStream<Work>.Continuation

    init(wakeups: Wakeups, patience: Duration = .milliseconds(500), limit: Int = 1024) {
        self.wakeups = wakeups
        self.patience = patience
        self.limit = limit
        (inbox, outbox) = AsyncStream.makeStream()
    }

    /// Makes the looks until the task is cancelled, which cancels them.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await work in inbox {
                group.addTask { [self] in
                    let start = ContinuousClock.now
                    await work.body()
                    finish(work.subject, took: ContinuousClock.now - start)
                }
            }
        }
    }

    /// Begins a look, or joins the one of the same subject that is under way, and waits a moment for its end.
    ///
    /// - Parameters:
    ///   - subject: what is looked at, and how.
    ///   - record: the record to wake at the end of a look that takes longer.
    ///   - body: the look; leaves what it saw where the record's passes find it.
    /// - Returns: whether it has ended; else the record will be woken.
    func attend(
        _ subject: String, for record: RecordID, _ body: @escaping @Sendable () async -> Void
    ) async -> Bool {
        let (ended, waiter) = AsyncStream<Never>.makeStream()
        let (number, isSlow) = state.withLock { state in
            if state.looks[subject] == nil {
                state.looks[subject] = Look()
                state.line.append(Work(subject: subject, body: body))
                startNext(&state)
            }
            state.lastWaiter += 1
            state.looks[subject]?.waiters[state.lastWaiter] = waiter
            return (state.lastWaiter, state.slow.contains(subject))
        }
        if !isSlow { await Self.wait(for: ended, patience) }
        return state.withLock { state in
            guard state.looks[subject]?.waiters.removeValue(forKey: number) != nil else { return true }
            state.looks[subject]?.woken.insert(record)
            return false
        }
    }

    /// Forgets what is remembered of subjects that are gone.
    func forget(_ subjects: [String]) {
        state.withLock { $0.slow.subtract(subjects) }
    }

    /// How many looks wait and are under way.
    var counts: (waiting: Int, running: Int) { state.withLock { ($0.line.count, $0.runningCount) } }

    private static func wait(for end: AsyncStream<Never>, _ patience: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in end {} }
            // Ends early only when the look does, or the controller.
            group.addTask { try? await Task.sleep(for: patience) }
            await group.next()
            group.cancelAll()
        }
    }

    private func startNext(_ state: inout State) {
        while state.runningCount < limit, !state.line.isEmpty {
            state.runningCount += 1
            outbox.yield(state.line.removeFirst())
        }
    }

    private func finish(_ subject: String, took: Duration) {
        let look = state.withLock { state in
            state.runningCount -= 1
            if took > patience { state.slow.insert(subject) } else { state.slow.remove(subject) }
            startNext(&state)
            return state.looks.removeValue(forKey: subject)
        }
        guard let look else { return }
        for waiter in look.waiters.values { waiter.finish() }
        for record in look.woken { wakeups.wake(record) }
    }
}
