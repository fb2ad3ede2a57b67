import Etcd
import Model
import TestSupport
import Testing

@testable import Replication

struct LegacyBatchTests {
    private func key(_ text: String) -> [UInt8] { [UInt8](text.utf8) }

    private func put(_ name: String, _ value: String = "") -> LegacyBatch.Change {
        .put(key: key(name), value: key(value), ending: nil)
    }

    private func add(_ change: LegacyBatch.Change, _ batch: inout LegacyBatch) -> Bool { batch.add(change) }

    @Test("The last write of a key counts, and a range takes what lies in it")
    func coalescing() {
        var batch = LegacyBatch()
        #expect(add(put("/a/x", "1"), &batch))
        #expect(add(put("/b", "1"), &batch))
        #expect(add(put("/a/x", "2"), &batch))
        #expect(batch.changes == [put("/a/x", "2"), put("/b", "1")])
        #expect(add(.deleteRange(.prefix("/a/")), &batch))
        #expect(batch.count == 2)
        #expect(batch.changes == [put("/b", "1"), .deleteRange(.prefix("/a/"))])
        // etcd refuses a transaction that writes where it deletes.
        #expect(!add(put("/a/y"), &batch))
        #expect(add(.delete(key: key("/a/y")), &batch))
        #expect(batch.changes.count == 2)
        #expect(add(.delete(key: key("/b")), &batch))
        #expect(batch.changes.count == 2)
    }

    @Test("A batch is what etcd accepts beside the checkpoint")
    func limits() {
        var batch = LegacyBatch()
        for number in 0..<127 { #expect(add(put("/\(number)"), &batch)) }
        #expect(!add(put("/more"), &batch))
        #expect(!add(.deleteRange(.prefix("/z")), &batch))
        #expect(add(put("/7", "again"), &batch))
        batch = LegacyBatch()
        let big = [UInt8](repeating: 1, count: 1_400_000)
        #expect(add(.put(key: key("/big"), value: big, ending: nil), &batch))
        #expect(!add(put("/small"), &batch))
    }

    @Test("Random changes in batches give what they give one by one")
    func randomChanges() {
        var random = SeededRandom(seed: Soak.seed("batches"))
        var (expected, actual): ([[UInt8]: [UInt8]], [[UInt8]: [UInt8]]) = ([:], [:])
        func apply(_ change: LegacyBatch.Change, _ state: inout [[UInt8]: [UInt8]]) {
            switch change {
            case .put(let key, let value, _): state[key] = value
            case .delete(let key): state[key] = nil
            case .deleteRange(let range): state = state.filter { !range.contains($0.key) }
            }
        }
        var batch = LegacyBatch()
        for round in 0..<20_000 {
            let name = "/\(Int.random(in: 0..<5, using: &random))/\(Int.random(in: 0..<20, using: &random))"
            let change: LegacyBatch.Change =
                switch Int.random(in: 0..<20, using: &random) {
                case 0: .deleteRange(.prefix(String(name.prefix(3))))
                case 1..<6: .delete(key: key(name))
                default: put(name, "\(round)")
                }
            apply(change, &expected)
            if !batch.add(change) {
                // Order within a transaction does not matter: no key is touched twice.
                for change in batch.changes.shuffled(using: &random) { apply(change, &actual) }
                batch = LegacyBatch()
                #expect(add(change, &batch))
            }
        }
        for change in batch.changes { apply(change, &actual) }
        #expect(actual == expected)
    }
}

struct LegacyLeasesTests {
    @Test("Keys of one second share a lease, and a directory's time counts for what lies in it")
    func sharing() async throws {
        var leases = LegacyLeases(clock: LegacyClock())
        let now = Timestamp(secondsSinceEpoch: Timestamp.now.secondsSinceEpoch)
        var granted = 0
        for _ in 0..<3 {
            let lease = try await leases.lease(ending: now.secondsSinceEpoch + 30) { rest in
                granted += 1
                #expect((28.0...30.0).contains(rest.seconds))
                return 7
            }
            #expect(lease == 7)
        }
        #expect(granted == 1)
        #expect(LegacyLeases.second(of: now) == now.secondsSinceEpoch)
        #expect(LegacyLeases.second(of: now + .milliseconds(1)) == now.secondsSinceEpoch + 1)

        leases.note("/d", isDirectory: true, ends: now + .seconds(1))
        leases.note("/d/x", isDirectory: false, ends: now + .seconds(1))
        leases.note("/far", isDirectory: false, ends: now + .seconds(100))
        #expect(leases.inherited(by: "/d/x/y") == now + .seconds(1))
        #expect(Set(leases.due()) == ["/d", "/d/x"])
        leases.note("/d/x", isDirectory: false, ends: now + .seconds(100))
        #expect(leases.due() == ["/d"])
        leases.remove(below: "/d")
        #expect(leases.due().isEmpty)
        #expect(leases.inherited(by: "/d/x") == nil)
    }
}
