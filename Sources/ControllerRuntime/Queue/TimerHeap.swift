/// Keys ordered by the moment they are due: a binary heap whose members can be taken out by identity.
struct TimerHeap<Key: Sendable, Instant: InstantProtocol>: Sendable {
    /// One timer.
    struct ID: Hashable, Sendable {
        /// When it is due.
        let moment: Instant
        fileprivate let number: UInt64
    }

    private var heap: [(id: ID, key: Key)] = []
    /// Timers taken out by identity; they stay in the heap until they come up or the heap is swept.
    private var removed: Set<ID> = []
    private var lastNumber: UInt64 = 0

    /// How many timers are set.
    var count: Int { heap.count - removed.count }

    /// The earliest moment any timer is due.
    var earliest: Instant? { heap.first?.id.moment }

    /// Sets a timer.
    mutating func insert(_ key: Key, at moment: Instant) -> ID {
        lastNumber += 1
        let id = ID(moment: moment, number: lastNumber)
        heap.append((id, key))
        siftUp(heap.count - 1)
        return id
    }

    /// Takes a timer out; it must be set.
    mutating func remove(_ id: ID) {
        removed.insert(id)
        dropRemovedFirst()
        if removed.count > 64 && removed.count * 2 > heap.count { sweep() }
    }

    /// Takes out and returns the key of one timer that is due at `now`; equal moments in the order they were set.
    mutating func takeDue(at now: Instant) -> Key? {
        guard let first = heap.first, first.id.moment <= now else { return nil }
        dropFirst()
        dropRemovedFirst()
        return first.key
    }

    /// Keeps the invariant that the first of the heap is a timer that is set.
    private mutating func dropRemovedFirst() {
        while let first = heap.first, removed.remove(first.id) != nil { dropFirst() }
    }

    private mutating func sweep() {
        let kept = heap.filter { !removed.contains($0.id) }
        removed = []
        // In ascending order every parent comes before its children, which is all a heap asks for.
        heap = kept.sorted { Self.precedes($0.id, $1.id) }
    }

    private mutating func dropFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && Self.precedes(heap[child].id, heap[least].id) {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    private mutating func siftUp(_ index: Int) {
        var child = index
        while child > 0, case let parent = (child - 1) / 2, Self.precedes(heap[child].id, heap[parent].id) {
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private static func precedes(_ left: ID, _ right: ID) -> Bool {
        left.moment == right.moment ? left.number < right.number : left.moment < right.moment
    }
}
