internal import Etcd
import Synchronization

/// Hands changes from the task that receives them to the one that works on them, and holds up the first when too much
/// waits.
///
/// For one task that takes; of those that put something in, one at most may have to wait.
final class LegacyMailbox<Item: Sendable>: Sendable {
    private struct State {
        var items: [Item] = []
        var byteCount = 0
        var end: (any Error)?
    }

    private let limit: Int
    private let state = Mutex(State())
    private let arrived = Wakeup()
    private let emptied = Wakeup()

    /// Makes a mailbox that holds so many bytes, give or take one item.
    init(limit: Int) {
        self.limit = limit
    }

    /// Whether nothing waits.
    var isEmpty: Bool { state.withLock { $0.items.isEmpty } }

    /// Puts something in, after waiting for room.
    func put(_ items: [Item], byteCount: Int) async {
        while state.withLock({ $0.byteCount >= limit }), !Task.isCancelled { await emptied.wait() }
        state.withLock { state in
            state.items += items
            state.byteCount += byteCount
        }
        arrived.wake()
    }

    /// Has `take` throw once it has given everything.
    func fail(_ error: any Error) {
        state.withLock { if $0.end == nil { $0.end = error } }
        arrived.wake()
    }

    /// Has a reader that waits look again.
    func nudge() { arrived.wake() }

    /// Waits until somebody puts something in, fails it or nudges.
    func wait() async { await arrived.wait() }

    /// Takes all there is, without waiting.
    func take() throws -> [Item] {
        let items = try state.withLock { state in
            if state.items.isEmpty, let end = state.end { throw end }
            defer {
                state.items = []
                state.byteCount = 0
            }
            return state.items
        }
        emptied.wake()
        return items
    }
}
