import Model
import Store
import Synchronization

/// What the engines of migrations told last, for the work that waits for them; in memory only.
final class MigrationBoard: Sendable {
    private let sights = Mutex<[String: MigrationSight]>([:])
    private let sources = Mutex<[RecordID: Set<RecordID>]>([:])

    /// Notes from where a migration takes its data.
    func note(_ migration: RecordID, from source: RecordID) {
        sources.withLock { _ = $0[source, default: []].insert(migration) }
    }

    /// The migrations that take their data from a cluster.
    func migrations(from source: RecordID) -> [RecordID] { sources.withLock { Array($0[source] ?? []) } }

    /// Forgets a migration that is gone.
    func forget(_ migration: RecordID, from source: RecordID) {
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
