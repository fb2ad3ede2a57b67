/// Fresh states of records that were written since, for as long as somebody reads the file who began before.
struct FormerStates: Sendable {
    private struct Key: Hashable {
        let id: RecordID
        let revision: Int64
    }

    private struct Entry {
        let key: Key
        /// The last reader that may hold the state before.
        let lastReader: UInt64
    }

    private var records: [Key: Record] = [:]
    /// Those of `records`, the oldest first.
    private var order: [Entry] = []
    /// Those who read, the one that began first in front.
    private var readers: [UInt64] = []
    private var lastReader: UInt64 = 0

    /// How many states are known.
    var count: Int { records.count }

    /// The state of a record that was fresh under a revision.
    func record(_ id: RecordID, at revision: Int64) -> Record? {
        records.isEmpty ? nil : records[Key(id: id, revision: revision)]
    }

    /// Begins to read.
    ///
    /// - Returns: Who reads, for ``end(_:)``.
    mutating func begin() -> UInt64 {
        lastReader += 1
        readers.append(lastReader)
        return lastReader
    }

    /// Ends to read.
    ///
    /// - Returns: What nobody needs any more.
    mutating func end(_ reader: UInt64) -> [Record] {
        readers.removeAll { $0 == reader }
        let oldest = readers.first ?? .max
        let dropped = order.prefix { $0.lastReader < oldest }
        guard !dropped.isEmpty else { return [] }
        order.removeFirst(dropped.count)
        return dropped.compactMap { records.removeValue(forKey: $0.key) }
    }

    /// Takes a state that is being written, if anybody reads.
    mutating func add(_ record: Record) {
        guard !readers.isEmpty else { return }
        let key = Key(id: record.id, revision: record.revision)
        guard records.updateValue(record, forKey: key) == nil else { return }
        order.append(Entry(key: key, lastReader: lastReader))
    }
}
