public import Model
public import Store
import Synchronization

/// The bell by which anything wakes the loop of a record.
///
/// Made before loops, jobs and reconcilers and handed to all of them, so that none has to know another. Waking is a
/// hint: the loop looks at the whole record, and a bell rung for a record without a loop is not heard.
public final class Wakeups: Sendable {
    private let listeners = Mutex<[String: @Sendable (RecordID) -> Void]>([:])

    /// A bell nobody listens to yet.
    public init() {}

    /// Has the loop of the record's kind look at it soon.
    public func wake(_ id: RecordID) {
        listeners.withLock { $0[id.kind.name] }?(id)
    }

    /// Has the loop of the record's kind look at it soon.
    public func wake(_ record: some Resource) {
        wake(RecordID(of: record))
    }

    /// Registers the one loop of a kind.
    func listen(for kind: Kind, _ body: @escaping @Sendable (RecordID) -> Void) {
        listeners.withLock { $0[kind.name] = body }
    }
}
