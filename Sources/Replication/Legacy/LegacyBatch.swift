internal import Etcd

/// Writes of the tail that become one transaction.
///
/// Of several to one key the last one counts: etcd takes only one.
struct LegacyBatch {
    /// A write.
    enum Change: Equatable {
        /// A key with its value, and the second in which it ends.
        case put(key: [UInt8], value: [UInt8], ending: Int64?)
        /// A key that goes.
        case delete(key: [UInt8])
        /// All keys of a range that go.
        case deleteRange(KeyRange)
    }

    /// The most writes, so that the checkpoint is the 128th operation.
    static let mostOperations = 127
    /// The size that is not passed, with room for the checkpoint, below etcd's 1.5 MiB.
    static let mostBytes = 1 << 20

    /// Keys with their place, to find them again.
    private var places: [[UInt8]: Int] = [:]
    private var slots: [Change?] = []
    private var ranges: [KeyRange] = []
    /// How many writes there are.
    private(set) var count = 0
    private var byteCount = 0

    /// The writes, in an order that etcd accepts.
    var changes: [Change] { slots.compactMap { $0 } }

    /// Adds a write; false if it must wait for the next transaction.
    mutating func add(_ change: Change) -> Bool {
        switch change {
        case .put(let key, let value, _):
            guard hasRoom(for: key, key.count + value.count), !ranges.contains(where: { $0.contains(key) }) else {
                return false
            }
            set(key, change, key.count + value.count)
        case .delete(let key):
            // What a range has removed is gone already.
            guard !ranges.contains(where: { $0.contains(key) }) else { return true }
            guard hasRoom(for: key, key.count) else { return false }
            set(key, change, key.count)
        case .deleteRange(let range):
            let covered = places.filter { range.contains($0.key) }
            guard count - covered.count < Self.mostOperations else { return false }
            for (key, place) in covered {
                slots[place] = nil
                places[key] = nil
            }
            count -= covered.count - 1
            ranges.append(range)
            slots.append(change)
        }
        return true
    }

    private func hasRoom(for key: [UInt8], _ bytes: Int) -> Bool {
        if count == 0 { return true }
        return (count < Self.mostOperations || places[key] != nil) && byteCount + bytes + 64 <= Self.mostBytes
    }

    private mutating func set(_ key: [UInt8], _ change: Change, _ bytes: Int) {
        byteCount += bytes + 64
        if let place = places[key] {
            slots[place] = change
        } else {
            places[key] = slots.count
            slots.append(change)
            count += 1
        }
    }
}
