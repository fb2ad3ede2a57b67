internal import Model
import Synchronization

/// Records in memory as they were last committed, for those who read the same few again and again.
///
/// A reconcile pass reads its record and some others each time. From here that takes no other thread, no file and no
/// parsing. Only records that somebody asked for are kept, and that there is none of a name is kept too.
///
/// A record may also have a *fresh* state here: the committed one with a newer status that says nothing new. It is what
/// every reader sees, under the revision of the committed one, and every write builds on it. With the process it is
/// lost, and then the record says what was last committed, with times as old as that.
final class RecordCache: Sendable {
    /// What is known of a name.
    enum Entry: Sendable {
        /// The record.
        case present(Record)
        /// There is none.
        case absent
    }

    /// A moment in the order of commits.
    struct Moment: Equatable, Sendable {
        fileprivate var commits: UInt64 = 0
    }

    private struct Fresh {
        var record: Record
        /// The moment from which its age counts.
        let since: ContinuousClock.Instant
    }

    private struct State {
        var entries: [RecordID: Entry] = [:]
        /// Apart from `entries`, which may be dropped at any time.
        var fresh: [RecordID: Fresh] = [:]
        /// Fresh states that were written while somebody read the file, who may hold the state before.
        var former = FormerStates()
        var moment = Moment()
        var isClosed = false
    }

    /// How many names are kept; a fuller cache starts anew, which costs each reader one look into the file.
    private let capacity: Int
    private let state = Mutex(State())

    init(capacity: Int = 65_536) {
        self.capacity = capacity
    }

    /// What is known of a name, and the moment at which it was so.
    func look(up id: RecordID) -> (entry: Entry?, moment: Moment) {
        state.withLock { state in
            (state.fresh[id].map { .present($0.record) } ?? state.entries[id], state.moment)
        }
    }

    /// The record if it is known in the state of this revision, which saves parsing it.
    func record(_ id: RecordID, at revision: Int64) -> Record? {
        state.withLock { state in
            if let fresh = state.fresh[id]?.record, fresh.revision == revision { return fresh }
            if case .present(let record) = state.entries[id], record.revision == revision { return record }
            return state.former.record(id, at: revision)
        }
    }

    /// Reads a list from the file, whose records are then looked up here.
    ///
    /// What it finds in the file may be written before it is looked up here. Its fresh state is known until the end all
    /// the same, as the list would else say what was so at the write before, up to a minute ago.
    func reading<Result>(
        _ body: () async throws(StoreError) -> Result
    ) async throws(StoreError) -> Result {
        let reader = state.withLock { $0.former.begin() }
        defer {
            let dropped = state.withLock { $0.former.end(reader) }
            // Let go of outside the lock.
            withExtendedLifetime(dropped) {}
        }
        return try await body()
    }

    /// Keeps a fresh state of a record; `false` if the record was written since, or its last write is `limit` ago, and
    /// the state should be written.
    ///
    /// The first one after a write counts as up to half as old already, so that records written together do not stay
    /// together.
    func refresh(_ record: Record, limit: Duration, now: ContinuousClock.Instant = .now) -> Bool {
        state.withLock { state in
            if let fresh = state.fresh[record.id] {
                guard fresh.record.revision == record.revision, now - fresh.since < limit else { return false }
                state.fresh[record.id]?.record = record
                return true
            }
            guard case .present(let known) = state.entries[record.id], known.revision == record.revision,
                !state.isClosed
            else { return false }
            state.fresh[record.id] = Fresh(record: record, since: now - limit * Double.random(in: 0..<0.5))
            return true
        }
    }

    /// Keeps what was read from the file, if nothing was committed since the moment before reading: what was read may
    /// be the state before that.
    func keep(_ entry: Entry, of id: RecordID, ifStillAt moment: Moment) {
        state.withLock { state in
            guard state.moment == moment, !state.isClosed else { return }
            if state.entries.count >= capacity { state.entries = [:] }
            state.entries[id] = entry
        }
    }

    /// Takes over what was committed, before anybody is told of it.
    func apply(_ changes: [Change]) {
        state.withLock { state in
            state.moment.commits += 1
            for change in changes {
                let id = change.record.id
                if let fresh = state.fresh.removeValue(forKey: id) { state.former.add(fresh.record) }
                guard state.entries[id] != nil else { continue }
                state.entries[id] = change.kind == .deleted ? .absent : .present(change.record)
            }
        }
    }

    /// Forgets everything, for good.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.entries = [:]
            state.fresh = [:]
        }
    }
}
