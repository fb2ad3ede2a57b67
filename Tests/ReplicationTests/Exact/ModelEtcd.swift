import Etcd

@testable import Replication

/// A small etcd in memory: keys with their revisions, and transactions as etcd applies them.
struct ModelEtcd: Equatable {
    private(set) var keys: [[UInt8]: KeyValue] = [:]
    private(set) var revision: Int64 = 1

    /// Applies a transaction; whether its conditions held, and the revision afterwards.
    mutating func apply(_ transaction: Transaction) -> (succeeded: Bool, revision: Int64) {
        guard transaction.conditions.allSatisfy(holds) else { return (false, revision) }
        let before = self
        revision += 1
        if !change(transaction.success) { self = before }
        return (true, revision)
    }

    /// The events that a transaction would make.
    func events(of transaction: Transaction) -> [WatchEvent] {
        var copy = self
        copy.revision += 1
        var events: [WatchEvent] = []
        _ = copy.change(transaction.success, &events)
        return events
    }

    private mutating func change(_ operations: [Transaction.Operation]) -> Bool {
        var events: [WatchEvent] = []
        return change(operations, &events)
    }

    private mutating func change(_ operations: [Transaction.Operation], _ events: inout [WatchEvent]) -> Bool {
        var changed = false
        for operation in operations {
            switch operation {
            case .put(let put):
                guard case .bytes(let value) = put.value else { continue }
                var pair = keys[put.key] ?? KeyValue(key: put.key, createRevision: revision)
                (pair.value, pair.modRevision, pair.version) = (value, revision, pair.version + 1)
                keys[put.key] = pair
                events.append(WatchEvent(kind: .put, keyValue: pair))
                changed = true
            case .deleteRange(let request):
                for key in keys.keys.filter(request.range.contains).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                    keys[key] = nil
                    events.append(WatchEvent(kind: .delete, keyValue: KeyValue(key: key, modRevision: revision)))
                    changed = true
                }
            case .transaction(let inner): changed = change(inner.success, &events) || changed
            case .range: break
            }
        }
        return changed
    }

    private func holds(_ compare: Compare) -> Bool {
        let pair = keys[compare.range.start]
        let (left, right): (Int64, Int64) =
            switch compare.target {
            case .createRevision(let revision): (pair?.createRevision ?? 0, revision)
            case .modRevision(let revision): (pair?.modRevision ?? 0, revision)
            case .version(let version): (pair?.version ?? 0, version)
            case .lease(let id): (pair?.lease ?? 0, id)
            case .value: (0, 0)
            }
        return switch compare.relation {
        case .equal: left == right
        case .greater: left > right
        case .less: left < right
        case .notEqual: left != right
        }
    }
}
