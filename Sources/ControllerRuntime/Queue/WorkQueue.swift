import Synchronization

/// A queue of keys to work on, with a timer for each and a bounded number of workers.
///
/// The same key is never worked on twice at once. Adding is cheap, never waits, and may be done from anywhere; what a
/// key is worked on for is not recorded, since every pass looks at the whole record.
public final class WorkQueue<Key: Hashable & Sendable, Time: Clock>: Sendable where Time.Duration == Duration {
    typealias State = WorkQueueState<Key, Time.Instant>

    /// What a pass over a key came to.
    public enum Result: Sendable, Equatable {
        /// Nothing to do until the key is added again.
        case rest
        /// Another pass after this time; with none at all, at once and ahead of the routine.
        case again(after: Duration)
        /// The pass failed: another one after a wait that grows with each failure in a row.
        case failed
        /// The key is gone.
        case gone
    }

    private let clock: Time
    private let backoff: Backoff
    private let state = Mutex(State())
    private let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    /// An empty queue.
    public init(clock: Time, backoff: Backoff = Backoff()) {
        self.clock = clock
        self.backoff = backoff
        // One pending signal stands for any number of changes.
        (changes, changed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Puts `key` in line ahead of the routine: something changed.
    public func add(_ key: Key) {
        state.withLock { $0.add(key, .urgent) }
        changed.yield()
    }

    /// Puts `key` in the routine line, behind what somebody may be waiting for.
    public func addRoutine(_ key: Key) {
        state.withLock { $0.add(key, .routine) }
        changed.yield()
    }

    /// Puts `key` in the routine line after `delay`, unless it is due earlier anyway.
    public func add(_ key: Key, after delay: Duration) {
        let moment = clock.now.advanced(by: delay)
        state.withLock { $0.add(key, at: moment) }
        changed.yield()
    }

    /// How many keys wait for a worker, are worked on, and have a timer.
    public var counts: (waiting: Int, running: Int, timed: Int) {
        state.withLock { ($0.waitingCount, $0.runningCount, $0.timerCount) }
    }

    /// When the earliest timer ends.
    var nextDue: Time.Instant? {
        state.withLock { $0.nextDue }
    }

    /// How often `key` has failed in a row.
    public func failures(of key: Key) -> Int {
        state.withLock { $0.failures(of: key) }
    }

    /// Hands keys to `work`, at most `workers` at a time, until the task is cancelled; then waits for the passes under
    /// way, which are cancelled too.
    ///
    /// To be called once. `late` is told of every key that had a timer how long after its end its turn came.
    public func run(
        workers: Int, late: (Duration) -> Void = { _ in }, work: @escaping @Sendable (Key) async -> Result
    ) async {
        await withDiscardingTaskGroup { group in
            var alarm: Time.Instant?
            for await _ in changes {
                let now = clock.now
                let (ready, lateness, due) = state.withLock { state in
                    var ready: [Key] = []
                    var lateness: [Duration] = []
                    while state.runningCount < workers, let key = state.next(at: now) {
                        ready.append(key)
                        if let due = state.lastDue { lateness.append(due.duration(to: now)) }
                    }
                    return (ready, lateness, state.nextDue)
                }
                lateness.forEach(late)
                for key in ready {
                    group.addTask { [self] in
                        finish(key, await work(key))
                    }
                }
                if let passed = alarm, passed <= now { alarm = nil }
                // A sleeper per earlier alarm; those that come too late only cause one idle look.
                if let due, due > now, alarm.map({ due < $0 }) ?? true {
                    alarm = due
                    group.addTask { [self] in await wake(at: due) }
                }
            }
        }
    }

    private func wake(at moment: Time.Instant) async {
        do {
            // The queue takes an alarm as over once its moment has passed, so not an instant sooner.
            while clock.now < moment { try await clock.sleep(until: moment, tolerance: nil) }
            changed.yield()
        } catch {
            return  // Cancelled: the queue ends.
        }
    }

    private func finish(_ key: Key, _ result: Result) {
        let now = clock.now
        state.withLock { state in
            switch result {
            case .rest: state.finish(key, .rest)
            case .gone: state.finish(key, .forget)
            case .again(let delay) where delay <= .zero:
                state.add(key, .urgent)
                state.finish(key, .rest)
            case .again(let delay): state.finish(key, .again(at: now.advanced(by: delay)))
            case .failed:
                var random = SystemRandomNumberGenerator()
                let delay = backoff.delay(afterFailures: state.failures(of: key) + 1, using: &random)
                state.finish(key, .retry(at: now.advanced(by: delay)))
            }
        }
        changed.yield()
    }
}
