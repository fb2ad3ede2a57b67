import Synchronization

/// Gathers how far a copy is and reports it.
final class CopyMeter: Sendable {
    private struct State {
        var progress = CopyProgress()
        /// How much had been copied at moments of the last seconds.
        var history: [(time: ContinuousClock.Instant, keys: Int)] = []
        /// When revisions of the source that are not applied yet were first known.
        var marks: [(time: ContinuousClock.Instant, revision: Int64)] = []
        var lastReport: ContinuousClock.Instant?
        /// Whether it is known what is being done; before that, only waiting is reported.
        var hasBegun = false
    }

    private let report: @Sendable (CopyProgress) -> Void
    private let state = Mutex(State())

    init(_ report: @escaping @Sendable (CopyProgress) -> Void) {
        self.report = report
    }

    /// Begins to do something else.
    func begin(_ phase: CopyProgress.Phase) {
        change(isUrgent: true) { state in
            state.hasBegun = true
            state.progress.phase = phase
            state.progress.keysCopied = 0
            state.progress.keysTotal = 0
            state.progress.waiting = nil
            state.progress.lag = nil
            if phase == .difference { state.progress.differenceRuns += 1 }
            state.history = []
        }
    }

    /// Adds to what is to be copied.
    func expect(_ keys: Int64) {
        change { $0.progress.keysTotal += Int(keys) }
    }

    /// Adds to what has been copied.
    func note(keys: Int, bytes: Int) {
        change { state in
            state.progress.keysCopied += keys
            state.progress.bytes += bytes
        }
    }

    /// Notes that the destination has everything up to a revision.
    func applied(_ revision: Int64, changes: Int, bytes: Int) {
        change(isUrgent: true) { state in
            state.progress.applied = revision
            state.progress.sourceRevision = max(state.progress.sourceRevision, revision)
            state.progress.keysCopied += changes
            state.progress.bytes += bytes
            state.progress.waiting = nil
        }
    }

    /// Notes the source's newest revision.
    func source(_ revision: Int64) {
        change { Self.note(revision, &$0) }
    }

    /// Notes the source's newest revision, as it was just asked for.
    func seen(_ revision: Int64) {
        change(isUrgent: true) { state in
            Self.note(revision, &state)
            state.progress.waiting = nil
        }
    }

    private static func note(_ revision: Int64, _ state: inout State) {
        guard revision > state.progress.sourceRevision else { return }
        state.progress.sourceRevision = revision
        if state.marks.count < 10_000 { state.marks.append((.now, revision)) }
    }

    /// Says why it waits.
    func wait(_ reason: ReplicationError) {
        change(isUrgent: true) { $0.progress.waiting = reason }
    }

    /// Changes the figures and reports them, at once or as the last of a tenth of a second.
    private func change(isUrgent: Bool = false, _ body: (inout State) -> Void) {
        state.withLock { state in
            body(&state)
            let now = ContinuousClock.now
            Self.measure(&state, now)
            guard state.hasBegun || state.progress.waiting != nil else { return }
            if !isUrgent, let last = state.lastReport, now - last < .milliseconds(100) { return }
            state.lastReport = now
            // Under the lock, so that reports come in the order of what they say.
            report(state.progress)
        }
    }

    private static func measure(_ state: inout State, _ now: ContinuousClock.Instant) {
        let applied = state.progress.applied
        if let first = state.marks.firstIndex(where: { $0.revision > applied }) {
            state.marks.removeFirst(first)
        } else {
            state.marks = []
        }
        if state.progress.phase == .tail { state.progress.lag = state.marks.first.map { now - $0.time } ?? .zero }
        let keys = state.progress.keysCopied
        if let last = state.history.last, now - last.time < .milliseconds(250) {
            // Twenty measurements of a quarter of a second are enough for a rate.
        } else {
            state.history.append((now, keys))
            if state.history.count > 20 { state.history.removeFirst() }
        }
        if let first = state.history.first, now - first.time > .milliseconds(50) {
            let (seconds, rest) = (now - first.time).components
            state.progress.ratePerSecond = Double(keys - first.keys) / (Double(seconds) + Double(rest) * 1e-18)
        }
    }
}
