import Etcd
import TestSupport
import Testing

@testable import Replication

struct ReplayGuardTests {
    private static func key(_ name: String) -> [UInt8] { Array(name.utf8) }

    private static func changes(_ revision: Int64, _ events: (String, created: Int64?)...) -> RevisionChanges {
        RevisionChanges(
            revision: revision,
            events: events.map { name, created in
                WatchEvent(
                    kind: created == nil ? .delete : .put,
                    keyValue: KeyValue(
                        key: key(name), value: [1], createRevision: created ?? 0, modRevision: revision, version: 1))
            })
    }

    @Test("After a put its key proves it")
    func put() {
        var guarding = ReplayGuard()
        _ = guarding.add(Self.changes(10, ("a", 3)))
        let guarded = guarding.add(Self.changes(11, ("b", 11)))
        #expect(guarded.barrier == 0)
        #expect(
            guarded.conditions == [
                .isUnchanged(Self.key("a"), since: 10), Compare(.key(Self.key("b")), .less, .modRevision(11)),
            ])
    }

    @Test("The first revision of a replay is guarded by what is known to be applied")
    func first() {
        var guarding = ReplayGuard()
        #expect(guarding.add(Self.changes(10, ("a", 3))).barrier == 9)
    }

    @Test("After the deletion of an old key its absence proves it")
    func oldDeletion() {
        var guarding = ReplayGuard()
        _ = guarding.add(Self.changes(10, ("a", nil)))
        let guarded = guarding.add(Self.changes(11, ("b", nil)))
        #expect(guarded == .init(conditions: [.isAbsent(Self.key("a")), .exists(Self.key("b"))]))
    }

    @Test("After the deletion of a new key its absence is proven by a put between creation and deletion")
    func newDeletion() {
        var guarding = ReplayGuard()
        _ = guarding.add(Self.changes(10, ("a", 10)))
        _ = guarding.add(Self.changes(11, ("c", 2)))
        _ = guarding.add(Self.changes(12, ("a", nil)))
        let guarded = guarding.add(Self.changes(13, ("d", 13)))
        #expect(guarded.barrier == 0)
        #expect(guarded.conditions.prefix(2) == [.isAbsent(Self.key("a")), .isUnchanged(Self.key("c"), since: 11)])
    }

    @Test("A key created and deleted at once, or with nothing between, needs a barrier")
    func barrier() {
        var guarding = ReplayGuard()
        _ = guarding.add(Self.changes(9, ("z", 1)))
        _ = guarding.add(Self.changes(10, ("a", 10)))
        _ = guarding.add(Self.changes(11, ("a", nil)))
        #expect(guarding.add(Self.changes(12, ("b", 12), ("b", nil))).barrier == 10)
        let guarded = guarding.add(Self.changes(13, ("c", 13)))
        #expect(guarded.barrier == 12)
    }

    @Test("What lies before the window is there in every state that can be met")
    func window() {
        var guarding = ReplayGuard(window: 4)
        _ = guarding.add(Self.changes(10, ("a", 10)))
        for revision in Int64(11)...20 { _ = guarding.add(Self.changes(revision, ("b", 11))) }
        _ = guarding.add(Self.changes(21, ("a", nil)))
        #expect(
            guarding.add(Self.changes(22, ("c", 22))).conditions.first == .isAbsent(Self.key("a")))
    }

    /// A random history on few keys, so that keys come and go all the time.
    private static func history(
        _ count: Int, keys: Int, _ random: inout SeededRandom
    ) -> (changes: [RevisionChanges], end: ModelEtcd) {
        var source = ModelEtcd()
        var history: [RevisionChanges] = []
        while history.count < count {
            let name = key("k\(Int.random(in: 0..<keys, using: &random))")
            let put = Transaction.Operation.put(PutRequest(name, [UInt8.random(in: 0...255, using: &random)]))
            let delete = Transaction.Operation.deleteRange(DeleteRangeRequest(.key(name)))
            let operations: [Transaction.Operation] =
                switch Int.random(in: 0..<10, using: &random) {
                case 0..<4: [put]
                case 4..<8: [delete]
                case 8: [.transaction(Transaction(then: [put])), .transaction(Transaction(then: [delete]))]
                default: [delete, .put(PutRequest(key("other"), [1]))]
                }
            let events = source.events(of: Transaction(then: operations))
            guard !events.isEmpty else { continue }
            let revision = source.apply(Transaction(then: operations)).revision
            history.append(RevisionChanges(revision: revision, events: events))
        }
        return (history, source)
    }

    /// Sends a history so that what is under way arrives in any order; whether the end is that of the source.
    private static func replay(
        _ history: [RevisionChanges], to end: ModelEtcd, width: Int, _ random: inout SeededRandom,
        guarded: (RevisionChanges) -> ReplayGuard.Guarded
    ) throws -> Bool {
        var destination = ModelEtcd()
        var window = ReplayWindow(width: width, acknowledged: 1)
        var transactions: [[UInt8]: Transaction] = [:]
        var arriving: [(number: Int, bytes: [UInt8])] = []
        var (next, sent) = (0, 0)
        while window.acknowledged < end.revision {
            while window.room > 0, next < history.count {
                let need = guarded(history[next])
                let transaction = RevisionTransaction.make(history[next], if: need.conditions)
                // What stands for the encoded transaction is its place.
                let bytes = Array("\(next)".utf8)
                transactions[bytes] = transaction
                window.prepare(
                    ReplayWindow.Item(
                        revision: history[next].revision, seenAt: 0, bytes: bytes, barrier: need.barrier))
                next += 1
            }
            let taken = window.take(firstNumber: sent)
            arriving += taken.enumerated().map { (sent + $0.offset, $0.element) }
            sent += taken.count
            guard !arriving.isEmpty else { throw TestSupportError("Nothing is under way and nothing can be sent.") }
            let arrival = arriving.remove(at: Int.random(in: 0..<arriving.count, using: &random))
            guard let transaction = transactions[arrival.bytes] else { throw TestSupportError("It was not sent.") }
            let answer = destination.apply(transaction)
            let outcome: TransactionPipeline.Outcome =
                answer.succeeded ? .applied(answer.revision) : .refused(answer.revision)
            if window.note(arrival.number, outcome) != nil { return false }
        }
        return destination == end
    }

    @Test("Whatever the order of arrival, the destination becomes the source", arguments: [3, 4, 12, 60])
    func torture(keys: Int) throws {
        var random = SeededRandom(seed: Soak.seed("guard on \(keys) keys"))
        for _ in 0..<Soak.rounds(30, long: 3000) {
            let (history, end) = Self.history(300, keys: keys, &random)
            let width = [2, 3, 8, 16, 64].randomElement(using: &random) ?? 8
            var guarding = ReplayGuard()
            #expect(try Self.replay(history, to: end, width: width, &random) { guarding.add($0) })
        }
    }

    @Test("The obvious guard, the last change of a key of the revision before, goes wrong")
    func naive() throws {
        var random = SeededRandom(seed: 1)
        var wrong = 0
        for _ in 0..<20 {
            let (history, end) = Self.history(300, keys: 4, &random)
            var previous: RevisionChanges?
            let isRight = try Self.replay(history, to: end, width: 16, &random) { changes in
                defer { previous = changes }
                guard let event = previous?.events.last else { return .init(conditions: [], barrier: 1) }
                let key = event.keyValue.key
                return .init(conditions: [
                    event.kind == .put ? .isUnchanged(key, since: changes.revision - 1) : .isAbsent(key)
                ])
            }
            if !isRight { wrong += 1 }
        }
        #expect(wrong > 10, "\(wrong) of 20")
    }
}
