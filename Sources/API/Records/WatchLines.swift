import Synchronization

/// The newest lines of watches, written once for all clients that watch in the same form.
///
/// A change goes to thousands of streams at about one moment. Whoever comes first writes it, under the lock, and the
/// others take the same bytes, which their queues share.
final class WatchLines: Sendable {
    /// What makes a line what it is.
    ///
    /// The store's revision names the change, whatever the kind; what a selector makes of it shows in the type.
    struct Key: Hashable {
        let revision: Int64
        let type: WatchLineWriter.EventType
        let form: RecordForm
        let hasColumns: Bool
    }

    private struct State {
        var lines: [Key: [UInt8]] = [:]
        var order: [Key] = []
        var size = 0
    }

    /// How many lines and bytes are kept at the most.
    private let countLimit: Int
    private let sizeLimit: Int
    private let state = Mutex(State())

    init(countLimit: Int = 256, sizeLimit: Int = 4 << 20) {
        self.countLimit = countLimit
        self.sizeLimit = sizeLimit
    }

    /// How many lines are kept, and their bytes.
    var figures: (count: Int, size: Int) { state.withLock { ($0.lines.count, $0.size) } }

    /// The line of a key, written by `make` if nobody has written it yet.
    func line(_ key: Key, _ make: () -> [UInt8]) -> [UInt8] {
        state.withLock { state in
            if let known = state.lines[key] { return known }
            let line = make()
            state.lines[key] = line
            state.order.append(key)
            state.size += line.count
            while state.order.count > countLimit || state.size > sizeLimit, state.order.count > 1 {
                // Few enough that moving the rest costs nothing.
                let oldest = state.order.removeFirst()
                state.size -= state.lines.removeValue(forKey: oldest)?.count ?? 0
            }
            return line
        }
    }
}
