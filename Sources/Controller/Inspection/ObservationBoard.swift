import Model
import Observers
import Synchronization

/// The newest observations of every cluster, in memory: what one loop saw, another need not ask for again.
final class ObservationBoard: Sendable {
    /// The beginning of a look at a cluster: what it shows is true of no moment before.
    struct Look: Sendable {
        fileprivate let number: UInt64
        fileprivate let events: UInt64
    }

    private struct Entry {
        /// The first look since the cluster is known; earlier ones were at another of the same name.
        let first: UInt64
        var health: HealthObservation?
        var consistency: ConsistencyObservation?
        var budget = ComparisonBudget()
        var isHealthJudged = true
        /// How many things happened to members, and how many of them before the newest look began.
        var events: UInt64 = 0
        var eventsSeen: UInt64 = 0
        /// The newest look that was put up.
        var newest: UInt64 = 0

        var isHealthStale: Bool { health != nil && eventsSeen != events }
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var looks: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Notes that a look at a cluster begins now.
    func begin(_ cluster: String) -> Look {
        state.withLock { state in
            state.looks += 1
            let entry = state.entries[cluster] ?? Entry(first: state.looks)
            state.entries[cluster] = entry
            return Look(number: state.looks, events: entry.events)
        }
    }

    /// The newest look at the members of a cluster, if it is young enough and nothing happened since.
    func health(of cluster: String, notOlderThan age: Duration) -> HealthObservation? {
        state.withLock { state in
            guard let entry = state.entries[cluster], let health = entry.health, !entry.isHealthStale,
                Timestamp.now - health.takenAt <= age
            else { return nil }
            return health
        }
    }

    /// Puts up what a look at the members of a cluster showed, and whether the health inspection has judged it.
    ///
    /// A look that began before something happened is out of date at once, and one that began before the one on the
    /// board is not put up. A cluster that is gone does not come back here.
    func put(_ health: HealthObservation, from look: Look, at cluster: String, isJudged: Bool) {
        state.withLock { state in
            guard var entry = state.entries[cluster], look.number >= entry.first, look.number > entry.newest else {
                return
            }
            entry.health = health
            entry.isHealthJudged = isJudged
            entry.newest = look.number
            entry.eventsSeen = look.events
            state.entries[cluster] = entry
        }
    }

    /// The newest look at the members that the health inspection has not judged yet; it counts as judged then.
    func takeUnjudged(of cluster: String) -> HealthObservation? {
        state.withLock { state in
            guard let entry = state.entries[cluster], !entry.isHealthJudged, let health = entry.health else {
                return nil
            }
            state.entries[cluster]?.isHealthJudged = true
            return health
        }
    }

    /// Notes that something happened to a member, so that no look that has begun tells how it is.
    func invalidate(_ cluster: String) {
        // Where nobody has looked yet, nothing is out of date; and a cluster that is gone must not come back here.
        state.withLock { $0.entries[cluster]?.events += 1 }
    }

    /// Whether something happened since the last look at the members began.
    func isStale(_ cluster: String) -> Bool {
        state.withLock { $0.entries[cluster]?.isHealthStale ?? false }
    }

    /// The last comparison of a cluster's members, and what may be spent on the next.
    func consistency(of cluster: String) -> (ConsistencyObservation?, ComparisonBudget) {
        state.withLock { ($0.entries[cluster]?.consistency, $0.entries[cluster]?.budget ?? ComparisonBudget()) }
    }

    /// Puts up a new comparison.
    func put(_ consistency: ConsistencyObservation, budget: ComparisonBudget, from look: Look, at cluster: String) {
        state.withLock { state in
            guard let entry = state.entries[cluster], look.number >= entry.first else { return }
            state.entries[cluster]?.consistency = consistency
            state.entries[cluster]?.budget = budget
        }
    }

    /// Forgets a cluster that is gone.
    func forget(_ cluster: String) {
        state.withLock { $0.entries[cluster] = nil }
    }
}
