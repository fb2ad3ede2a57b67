import Model
import Observers
import Synchronization

/// The newest observations of every cluster, in memory: what one loop saw, another need not ask for again.
final class ObservationBoard: Sendable {
    /// The beginning of a look at a cluster: what it shows is true of no moment before.
    struct Look: Sendable {
        /// When it began.
        let began = Timestamp.now
        fileprivate let number: UInt64
        fileprivate let events: UInt64
    }

    /// What a look showed.
    struct Seen<Observation: Sendable>: Sendable {
        var observation: Observation
        var look: Look
        /// Who has been shown it, by the identities of their records.
        fileprivate var readers: Set<String> = []
    }

    private struct Entry {
        /// The first look since the cluster is known; earlier ones were at another of the same name.
        let first: UInt64
        var health: Seen<HealthObservation>?
        var consistency: Seen<ConsistencyObservation>?
        var budget = ComparisonBudget()
        /// How many things happened to members, or to the spec, since the cluster is known.
        var events: UInt64 = 0
        var generation: Int64?

        var isHealthStale: Bool { health.map { $0.look.events != events } ?? false }
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

    /// The newest look at the members of a cluster, if it is young enough and nothing happened since it began.
    func health(of cluster: String, notOlderThan age: Duration) -> HealthObservation? {
        state.withLock { state in
            guard let entry = state.entries[cluster], let seen = entry.health, !entry.isHealthStale,
                Timestamp.now - seen.observation.takenAt <= age
            else { return nil }
            return seen.observation
        }
    }

    /// Puts up what a look at the members of a cluster showed.
    ///
    /// A look that began before something happened is out of date at once, and one that began before the one on the
    /// board is not put up. A cluster that is gone does not come back here.
    func put(_ health: HealthObservation, from look: Look, at cluster: String) {
        state.withLock { state in
            guard var entry = state.entries[cluster], look.number >= entry.first,
                look.number > entry.health?.look.number ?? 0
            else { return }
            entry.health = Seen(observation: health, look: look)
            state.entries[cluster] = entry
        }
    }

    /// The newest look at the members, if the reader has not been shown it yet.
    func unseenHealth(of cluster: String, by reader: String) -> Seen<HealthObservation>? {
        state.withLock { $0.entries[cluster]?.health?.show(to: reader) ?? nil }
    }

    /// Notes that something happened to a member, so that no look that has begun tells how it is.
    func invalidate(_ cluster: String) {
        // Where nobody has looked yet, nothing is out of date; and a cluster that is gone must not come back here.
        state.withLock { $0.entries[cluster]?.events += 1 }
    }

    /// Notes the spec that a cluster has now: looks that began under another one may have gone elsewhere.
    func expect(_ generation: Int64?, of cluster: String) {
        state.withLock { state in
            guard let entry = state.entries[cluster], entry.generation != generation else { return }
            if entry.generation != nil { state.entries[cluster]?.events += 1 }
            state.entries[cluster]?.generation = generation
        }
    }

    /// Whether something happened since the last look at the members began.
    func isStale(_ cluster: String) -> Bool {
        state.withLock { $0.entries[cluster]?.isHealthStale ?? false }
    }

    /// The last comparison of a cluster's members, and what may be spent on the next.
    func consistency(of cluster: String) -> (ConsistencyObservation?, ComparisonBudget) {
        state.withLock { state in
            let entry = state.entries[cluster]
            return (entry?.consistency?.observation, entry?.budget ?? ComparisonBudget())
        }
    }

    /// Puts up a new comparison.
    func put(_ consistency: ConsistencyObservation, budget: ComparisonBudget, from look: Look, at cluster: String) {
        state.withLock { state in
            guard let entry = state.entries[cluster], look.number >= entry.first else { return }
            state.entries[cluster]?.consistency = Seen(observation: consistency, look: look)
            state.entries[cluster]?.budget = budget
        }
    }

    /// The newest comparison, if the reader has not been shown it yet.
    func unseenComparison(of cluster: String, by reader: String) -> Seen<ConsistencyObservation>? {
        state.withLock { $0.entries[cluster]?.consistency?.show(to: reader) ?? nil }
    }

    /// Forgets a cluster that is gone.
    func forget(_ cluster: String) {
        state.withLock { $0.entries[cluster] = nil }
    }
}

extension ObservationBoard.Seen {
    /// Itself, if the reader has not been shown it yet.
    fileprivate mutating func show(to reader: String) -> Self? {
        readers.insert(reader).inserted ? self : nil
    }
}
