/// The transfers that wait for a moment in time, the earliest first: a binary heap that can also remove from its middle.
///
/// Each transfer knows its place (`heapIndex`), so that the ordinary case, a call that ends before its deadline, leaves
/// nothing behind.
struct DeadlineHeap {
    private var entries: [(instant: ContinuousClock.Instant, transfer: Transfer)] = []

    /// The earliest moment.
    var earliest: ContinuousClock.Instant? { entries.first?.instant }

    /// The number of transfers that wait.
    var count: Int { entries.count }

    /// Sets, or changes, the moment a transfer waits for.
    mutating func set(_ transfer: Transfer, to instant: ContinuousClock.Instant) {
        if let index = transfer.heapIndex {
            entries[index].instant = instant
            restore(at: index)
        } else {
            transfer.heapIndex = entries.count
            entries.append((instant, transfer))
            restore(at: entries.count - 1)
        }
    }

    /// Forgets a transfer; nothing happens if it does not wait.
    mutating func remove(_ transfer: Transfer) {
        guard let index = transfer.heapIndex else {
            return
        }
        swap(index, entries.count - 1)
        entries.removeLast()
        transfer.heapIndex = nil
        if index < entries.count {
            restore(at: index)
        }
    }

    /// Takes out the earliest transfer if its moment has come.
    mutating func popFirst(until now: ContinuousClock.Instant) -> Transfer? {
        guard let first = entries.first, first.instant <= now else {
            return nil
        }
        remove(first.transfer)
        return first.transfer
    }

    private mutating func restore(at start: Int) {
        var index = start
        while index > 0, entries[index].instant < entries[(index - 1) / 2].instant {
            swap(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < entries.count && entries[child].instant < entries[least].instant {
                least = child
            }
            guard least != index else {
                return
            }
            swap(index, least)
            index = least
        }
    }

    private mutating func swap(_ first: Int, _ second: Int) {
        entries.swapAt(first, second)
        entries[first].transfer.heapIndex = first
        entries[second].transfer.heapIndex = second
    }
}
