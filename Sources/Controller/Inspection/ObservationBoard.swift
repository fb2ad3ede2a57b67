import Model
import Observers
import Synchronization

/// The newest observations of every cluster, in memory: what one loop saw, another need not ask for again.
final class ObservationBoard: Sendable {
    private struct Entry {
        var health: HealthObservation?
        var consistency: ConsistencyObservation?
        var budget = ComparisonBudget()
        var isHealthStale = false
        var isHealthJudged = true
    }

    private let entries = Mutex<[String: Entry]>([:])

    /// The newest look at the members of a cluster, if it is young enough and nothing happened since.
    func health(of cluster: String, notOlderThan age: Duration) -> HealthObservation? {
        entries.withLock { entries in
            guard let entry = entries[cluster], let health = entry.health, !entry.isHealthStale,
                Timestamp.now - health.takenAt <= age
            else { return nil }
            return health
        }
    }

    /// Puts up a new look at the members of a cluster, and whether the health inspection has judged it.
    func put(_ health: HealthObservation, of cluster: String, isJudged: Bool) {
        entries.withLock {
            $0[cluster, default: Entry()].health = health
            $0[cluster]?.isHealthStale = false
            $0[cluster]?.isHealthJudged = isJudged
        }
    }

    /// The newest look at the members that the health inspection has not judged yet; it counts as judged then.
    func takeUnjudged(of cluster: String) -> HealthObservation? {
        entries.withLock { entries in
            guard let entry = entries[cluster], !entry.isHealthJudged, let health = entry.health else { return nil }
            entries[cluster]?.isHealthJudged = true
            return health
        }
    }

    /// Notes that something happened to a member, so that the last look no longer tells how it is.
    func invalidate(_ cluster: String) {
        // Where nobody has looked yet, nothing is out of date; and a cluster that is gone must not come back here.
        entries.withLock { $0[cluster]?.isHealthStale = true }
    }

    /// Whether something happened since the last look at the members.
    func isStale(_ cluster: String) -> Bool {
        entries.withLock { $0[cluster]?.isHealthStale ?? false }
    }

    /// The last comparison of a cluster's members, and what may be spent on the next.
    func consistency(of cluster: String) -> (ConsistencyObservation?, ComparisonBudget) {
        entries.withLock { ($0[cluster]?.consistency, $0[cluster]?.budget ?? ComparisonBudget()) }
    }

    /// Puts up a new comparison.
    func put(_ consistency: ConsistencyObservation, budget: ComparisonBudget, of cluster: String) {
        entries.withLock {
            $0[cluster, default: Entry()].consistency = consistency
            $0[cluster]?.budget = budget
        }
    }

    /// Forgets a cluster that is gone.
    func forget(_ cluster: String) {
        entries.withLock { $0[cluster] = nil }
    }
}
