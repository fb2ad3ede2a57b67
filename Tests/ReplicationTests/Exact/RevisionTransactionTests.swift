import Etcd
import Testing

@testable import Replication

struct RevisionTransactionTests {
    private static func put(_ key: String) -> WatchEvent {
        WatchEvent(kind: .put, keyValue: KeyValue(key: Array(key.utf8), value: [1], modRevision: 9))
    }

    private static func delete(_ key: String) -> WatchEvent {
        WatchEvent(kind: .delete, keyValue: KeyValue(key: Array(key.utf8), modRevision: 9))
    }

    /// What a transaction changes, in the order in which etcd applies it.
    private static func changes(_ operations: [Transaction.Operation]) -> [String] {
        operations.flatMap { operation -> [String] in
            switch operation {
            case .put(let put): ["+" + String(decoding: put.key, as: UTF8.self)]
            case .deleteRange(let request): ["-" + String(decoding: request.range.start, as: UTF8.self)]
            case .transaction(let inner): changes(inner.success)
            case .range: []
            }
        }
    }

    /// Whether etcd 3.4 to 3.6 would take it: so many operations a level, and no mix of nested and plain ones.
    private static func isAcceptable(_ operations: [Transaction.Operation], width: Int) -> Bool {
        let inner = operations.compactMap { operation in
            if case .transaction(let inner) = operation { inner } else { nil }
        }
        return operations.count <= width && (inner.isEmpty || inner.count == operations.count)
            && inner.allSatisfy { isAcceptable($0.success, width: width) }
    }

    @Test("Any number of changes fits into levels, in order", arguments: [1, 2, 4, 5, 16, 17, 64, 65, 300])
    func levels(count: Int) {
        let events = (0..<count).map { $0 % 3 == 0 ? Self.delete("k\($0)") : Self.put("k\($0)") }
        let transaction = RevisionTransaction.make(
            RevisionChanges(revision: 9, events: events), if: [.exists([1])], width: 4)
        #expect(transaction.conditions.count == 1)
        #expect(Self.isAcceptable(transaction.success, width: 4))
        #expect(
            Self.changes(transaction.success) == (0..<count).map { $0 % 3 == 0 ? "-k\($0)" : "+k\($0)" })
    }

    @Test("What fits into one level is flat")
    func flat() {
        let events = (0..<128).map { Self.put("k\($0)") }
        let transaction = RevisionTransaction.make(RevisionChanges(revision: 9, events: events), if: [])
        #expect(transaction.success.count == 128)
        #expect(transaction.success.allSatisfy { if case .put = $0 { true } else { false } })
    }

    @Test("A key that is put and deleted in one revision is changed in two nested transactions")
    func repeated() {
        let events = [Self.put("a"), Self.put("b"), Self.delete("a"), Self.put("c"), Self.delete("b")]
        let transaction = RevisionTransaction.make(RevisionChanges(revision: 9, events: events), if: [])
        let nested = transaction.success.map { Self.changes([$0]) }
        #expect(nested == [["+a", "+b"], ["-a", "+c", "-b"]])
    }

    @Test("Only deletions in the order of their keys can be one range")
    func range() {
        let ordered = RevisionChanges(revision: 9, events: ["a", "b", "ba"].map(Self.delete))
        #expect(RevisionTransaction.deletedRange(ordered) == .range([97], before: [98, 97, 0]))
        let transaction = RevisionTransaction.make(ordered, if: [], deletesRange: true)
        #expect(transaction.success.count == 1)
        for events in [
            ["b", "a"].map(Self.delete), [Self.delete("a"), Self.put("b")], [Self.delete("a")],
            ["a", "a"].map(Self.delete),
        ] {
            #expect(RevisionTransaction.deletedRange(RevisionChanges(revision: 9, events: events)) == nil)
        }
    }
}
