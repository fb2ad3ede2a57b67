import Model
import Testing

@testable import Store

@Suite(.timeLimit(.minutes(10)))
struct RecordCacheTests {
    private let scratch = ScratchDirectory()

    private func record(_ name: String, _ revision: Int64) -> Record {
        Record(id: Widget(name).id, revision: revision, document: ["revision": .integer(revision)])
    }

    private func revision(_ cache: RecordCache, _ name: String) -> Int64? {
        switch cache.look(up: Widget(name).id).entry {
        case .present(let record): record.revision
        case .absent: 0
        case nil: nil
        }
    }

    @Test("What is kept follows every commit, and only what was asked for is kept")
    func follows() {
        let cache = RecordCache()
        let moment = cache.look(up: Widget("a").id).moment
        cache.keep(.present(record("a", 1)), of: Widget("a").id, ifStillAt: moment)
        cache.keep(.absent, of: Widget("b").id, ifStillAt: moment)
        #expect(revision(cache, "a") == 1)
        #expect(revision(cache, "b") == 0)
        cache.apply([
            Change(kind: .modified, record: record("a", 2), previous: record("a", 1)),
            Change(kind: .added, record: record("b", 3), previous: nil),
            Change(kind: .added, record: record("c", 4), previous: nil),
        ])
        #expect(revision(cache, "a") == 2)
        #expect(revision(cache, "b") == 3)
        #expect(revision(cache, "c") == nil)
        cache.apply([Change(kind: .deleted, record: record("a", 5), previous: record("a", 2))])
        #expect(revision(cache, "a") == 0)
    }

    @Test("What was read before a commit is not kept after it")
    func late() {
        let cache = RecordCache()
        let moment = cache.look(up: Widget("a").id).moment
        cache.apply([Change(kind: .modified, record: record("a", 2), previous: record("a", 1))])
        cache.keep(.present(record("a", 1)), of: Widget("a").id, ifStillAt: moment)
        #expect(revision(cache, "a") == nil)
    }

    @Test("A full cache starts anew, and a closed one keeps nothing")
    func bounds() {
        let cache = RecordCache(capacity: 2)
        let moment = cache.look(up: Widget("a").id).moment
        for name in ["a", "b", "c"] {
            cache.keep(.present(record(name, 1)), of: Widget(name).id, ifStillAt: moment)
        }
        #expect(revision(cache, "a") == nil)
        #expect(revision(cache, "c") == 1)
        cache.close()
        cache.keep(.present(record("c", 1)), of: Widget("c").id, ifStillAt: moment)
        #expect(revision(cache, "c") == nil)
    }

    @Test("A read after a write sees it, whether the record was read before or not")
    func readYourWrites() async throws {
        let store = try await scratch.open()
        let id = Widget("a").id
        await #expect(throws: StoreError.notFound(id)) { try await store.get(id) }
        await #expect(throws: StoreError.notFound(id)) { try await store.get(id) }
        var widget = try await store.create(Widget("a"))
        for size in 1..<20 {
            widget.spec.size = Int64(size)
            widget = try await store.update(widget)
            #expect(try await store.get(Widget.self, named: "a", in: "default") == widget)
        }
        try await store.delete(id)
        await #expect(throws: StoreError.notFound(id)) { try await store.get(id) }
        await store.close()
        await #expect(throws: StoreError.self) { try await store.get(id) }
    }

    @Test("While records are written, created and removed, no reader ever goes back in time")
    func noWayBack() async throws {
        let store = try await scratch.open()
        let names = (0..<8).map { "w\($0)" }
        for name in names { try await store.create(Widget(name)) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for name in names {
                group.addTask {
                    for round in 0..<60 {
                        var widget = try await store.get(Widget.self, named: name, in: "default")
                        widget.spec.size += 1
                        widget = try await store.update(widget)
                        if round % 7 == 6 {
                            try await store.delete(widget)
                            try await store.create(Widget(name))
                        }
                    }
                }
            }
            for _ in 0..<4 {
                group.addTask {
                    var newest: [String: Int64] = [:]
                    for index in 0..<4_000 {
                        let name = names[index % names.count]
                        do {
                            let record = try await store.get(Widget(name).id)
                            #expect(record.revision >= newest[name, default: 0])
                            newest[name] = record.revision
                        } catch StoreError.notFound {
                            // Removed, and not yet made again.
                            continue
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
