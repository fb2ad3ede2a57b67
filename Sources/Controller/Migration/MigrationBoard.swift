import Model
import Store
import Synchronization

/// What the engines of migrations told last, for the work that waits for them; in memory only.
final class MigrationBoard: Sendable {
    private let sights = Mutex<[String: MigrationSight]>([:])
    private let sources = Mutex<[RecordID: Set<RecordID>]>([:])
    private let freezes = Mutex<Freezes>(Freezes())

    private struct Freezes {
        /// The migrations by the tags of their freezes.
        var owners: [UInt64: RecordID] = [:]
        /// The tags under which something was seen frozen.
        var seen: Set<UInt64> = []
    }

    /// Notes from where a migration takes its data, and by what its freeze is known.
    func note(_ migration: RecordID, from source: RecordID, tag: UInt64) {
        sources.withLock { _ = $0[source, default: []].insert(migration) }
        freezes.withLock { $0.owners[tag] = migration }
    }

    /// Notes that a cluster is frozen under a tag; tells the migration whose freeze it is, if it is known.
    func noteFreeze(_ tag: UInt64) -> RecordID? {
        freezes.withLock { freezes in
            guard let owner = freezes.owners[tag] else { return nil }
            freezes.seen.insert(tag)
            return owner
        }
    }

    /// Whether a cluster was seen frozen under a tag since that was forgotten.
    func seesFreeze(_ tag: UInt64) -> Bool { freezes.withLock { $0.seen.contains(tag) } }

    /// Forgets that a cluster was seen frozen; whoever looks at it next sees it again.
    func forgetFreeze(_ tag: UInt64) {
        freezes.withLock { _ = $0.seen.remove(tag) }
    }

    /// The migrations that take their data from a cluster.
    func migrations(from source: RecordID) -> [RecordID] { sources.withLock { Array($0[source] ?? []) } }

    /// Forgets a migration that is gone.
    func forget(_ migration: RecordID, from source: RecordID, tag: UInt64) {
        freezes.withLock { freezes in
            freezes.owners[tag] = nil
            freezes.seen.remove(tag)
        }
        sources.withLock { sources in
            sources[source]?.remove(migration)
            if sources[source]?.isEmpty ?? false { sources[source] = nil }
        }
    }

    /// Notes how far the engine of a migration is.
    func note(_ sight: MigrationSight, of uid: String) {
        sights.withLock { $0[uid] = sight }
    }

    /// How far the engine of a migration is; nil while none runs.
    func sight(of uid: String) -> MigrationSight? { sights.withLock { $0[uid] } }

    /// Forgets what an engine told that runs no more.
    func forget(_ uid: String) {
        sights.withLock { _ = $0.removeValue(forKey: uid) }
    }

    /// Waits until the destination of a migration has reached a revision of the source.
    ///
    /// - Throws: `MigrationTrouble` at the deadline, `CancellationError`.
    func wait(for revision: Int64, of uid: String, until deadline: ContinuousClock.Instant) async throws {
        while true {
            let sight = sight(of: uid)
            if let sight, sight.applied >= revision { return }
            guard ContinuousClock.now < deadline else {
                throw MigrationTrouble(
                    "CutOverTooLong",
                    "the destination reached revision \(sight?.applied ?? 0) of \(revision) in the time that the source may be "
                        + "frozen (spec.cutover.maxPause)", .again)
            }
            // Every millisecond here is one in which nobody can write.
            try await Task.sleep(for: .milliseconds(1))
        }
    }
}
