import Synchronization

/// Who makes a drill just now: a few at a time, so that the drills of a fleet never starve the machine.
///
/// In memory only. A drill that an earlier controller began takes its turn whether there is one or not.
final class DrillTurns: Sendable {
    private let limit: Int
    private let holders = Mutex<Set<String>>([])

    /// Turns for so many at a time.
    init(limit: Int) {
        self.limit = limit
    }

    /// Takes a turn for the cluster with this identity; false if others have them all.
    func take(_ uid: String) -> Bool {
        holders.withLock { holders in
            guard holders.contains(uid) || holders.count < limit else { return false }
            holders.insert(uid)
            return true
        }
    }

    /// Keeps the turn of a drill that is under way.
    func keep(_ uid: String) { holders.withLock { _ = $0.insert(uid) } }

    /// Gives a turn back.
    func release(_ uid: String) { holders.withLock { _ = $0.remove(uid) } }
}
