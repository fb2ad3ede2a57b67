import Etcd

/// The one transaction that does at the destination what one revision did at the source.
///
/// etcd accepts so many operations at each level of a transaction, and nested transactions are applied depth-first at
/// one revision, so any number fits into levels. The one way to change a key twice in a revision is a put in one nested
/// transaction and its deletion in a later one; so wherever a key repeats another nested transaction is begun, and
/// nested transactions never stand beside plain operations (etcd 3.4 to 3.6, `checkIntervals`).
enum RevisionTransaction {
    /// The most operations of a level (`--max-txn-ops`).
    static let width = 128

    /// Makes the transaction of a revision.
    ///
    /// - Parameters:
    ///   - changes: what the source did.
    ///   - conditions: what must hold at the destination for it to be the revision's turn.
    ///   - deletesRange: whether the deletions may be made as one range, which is right only where the range is known
    ///     to hold exactly these keys.
    ///   - width: the most operations of a level.
    /// - Returns: the transaction.
    static func make(
        _ changes: RevisionChanges, if conditions: [Compare], deletesRange: Bool = false, width: Int = width
    ) -> Transaction {
        if deletesRange, let range = deletedRange(changes) {
            return Transaction(if: conditions, then: [.deleteRange(DeleteRangeRequest(range))])
        }
        var leaves = runs(changes.events, width: width)
        if leaves.count == 1 { return Transaction(if: conditions, then: leaves[0]) }
        while leaves.count > width {
            leaves = stride(from: 0, to: leaves.count, by: width).map { start in
                leaves[start..<min(start + width, leaves.count)].map { .transaction(Transaction(then: $0)) }
            }
        }
        return Transaction(if: conditions, then: leaves.map { .transaction(Transaction(then: $0)) })
    }

    /// The range from the first to the last key if the revision does nothing but delete keys in their order, as one
    /// `DeleteRange` does.
    static func deletedRange(_ changes: RevisionChanges) -> KeyRange? {
        guard let first = changes.events.first, let last = changes.events.last, changes.events.count > 1 else {
            return nil
        }
        var previous: [UInt8]?
        for event in changes.events {
            guard event.kind == .delete else { return nil }
            if let previous, !previous.lexicographicallyPrecedes(event.keyValue.key) { return nil }
            previous = event.keyValue.key
        }
        return .range(first.keyValue.key, before: last.keyValue.key + [0])
    }

    /// Cuts the events where a key repeats and where a level is full.
    private static func runs(_ events: [WatchEvent], width: Int) -> [[Transaction.Operation]] {
        guard events.count > 1 else { return [events.map(operation)] }
        var runs: [[Transaction.Operation]] = []
        var run: [Transaction.Operation] = []
        var keys: Set<[UInt8]> = []
        for event in events {
            let repeats = !keys.insert(event.keyValue.key).inserted
            if repeats || run.count == width {
                runs.append(run)
                run = []
            }
            if repeats { keys = [event.keyValue.key] }
            run.append(operation(event))
        }
        return runs + [run]
    }

    private static func operation(_ event: WatchEvent) -> Transaction.Operation {
        let pair = event.keyValue
        return switch event.kind {
        case .put: .put(PutRequest(pair.key, pair.value, lease: pair.lease == 0 ? .none : .id(pair.lease)))
        case .delete: .deleteRange(DeleteRangeRequest(.key(pair.key)))
        }
    }
}
