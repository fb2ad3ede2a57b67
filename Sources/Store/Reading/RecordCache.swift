internal import Model
import Synchronization

/// Records in memory as they were last committed, for those who read the same few again and again.
///
/// A reconcile pass reads its record and some others each time. From here that takes no other thread, no file and no
/// parsing. Only records that somebody asked for are kept, and that there is none of a name is kept too.
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

    private struct State {
        var entries: [RecordID: Entry] = [:]
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
        state.withLock { ($0.entries[id], $0.moment) }
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
            for change in changes where state.entries[change.record.id] != nil {
                state.entries[change.record.id] = change.kind == .deleted ? .absent : .present(change.record)
            }
        }
    }

    /// Forgets everything, for good.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.entries = [:]
        }
    }
}
