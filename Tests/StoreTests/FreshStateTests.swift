import Model
import Testing

@testable import Store

@Suite(.timeLimit(.minutes(10)))
struct FreshStateTests {
    private let scratch = ScratchDirectory()

    private func seen(_ store: RecordStore, _ name: String = "a") async throws -> Int64 {
        try await store.get(Widget.self, named: name, in: "default").status.seen
    }

    /// Shows a size without writing it.
    private func show(_ seen: Int64, of name: String = "a", in store: RecordStore) async throws -> Bool {
        let base = try await store.get(Widget(name).id)
        var widget: Widget = try base.decoded(as: Widget.self)
        widget.status.seen = seen
        return store.refresh(widget, since: base, limit: .seconds(600))
    }

    @Test("A fresh status is what everybody reads, under the same revision, and no watch is told")
    func shown() async throws {
        let store = try await scratch.open()
        let widget = try await store.create(Widget("a", labels: ["tier": "gold"]))
        try await store.create(Widget("b"))
        let revision = store.revision
        #expect(try await show(7, in: store))
        #expect(try await seen(store) == 7)
        #expect(try await store.get(widget.id).revision == widget.revision)
        #expect(store.revision == revision)
        let listed = try await store.list(Widget.self)
        #expect(listed.map(\.status.seen) == [7, 0])
        #expect(listed[0].metadata.resourceVersion == widget.metadata.resourceVersion)
        #expect(try await store.list(Widget.self, labels: ["tier": "gold"]).map(\.status.seen) == [7])
        var events: [String] = []
        for try await event in store.watch(.widgets, from: .present) {
            if case .added(let record) = event {
                events.append("\(record.id.name) \(try record.decoded(as: Widget.self).status.seen)")
            }
            if case .complete = event { break }
        }
        #expect(events == ["a 7", "b 0"])
        var later = store.watch(.widgets, from: .after(revision)).makeAsyncIterator()
        #expect(try await show(8, in: store))
        try await store.create(Widget("c"))
        #expect(try await later.next()?.summary == "added c")
    }

    @Test("A record's JSON is its document, from the file, from memory and when it is fresh")
    func json() async throws {
        var store = try await scratch.open()
        let id = try await store.create(Widget("a", labels: ["tier": "gold"])).id
        func check(_ store: RecordStore) async throws {
            let listed = try #require(try await store.list(.widgets).records.first)
            for record in [listed, try await store.get(id)] {
                #expect(try Value(json: record.json) == record.document)
                #expect(record.json == record.document.jsonBytes)
            }
        }
        try await check(store)
        await store.close()
        store = try await scratch.open()
        try await check(store)
        #expect(try await show(7, in: store))
        try await check(store)
        #expect(try await store.get(id).document[path: "status", "seen"] == 7)
        #expect(try await show(0, in: store))
        try await check(store)
    }

    @Test("Whoever writes the record builds on the fresh status")
    func written() async throws {
        let store = try await scratch.open()
        var widget = try await store.create(Widget("a"))
        #expect(try await show(7, in: store))
        widget.spec.size = 2
        widget = try await store.update(widget)
        #expect(widget.status.seen == 7)
        await store.close()
        #expect(try await seen(try await scratch.open()) == 7)
    }

    @Test("Who lists while a fresh status is written sees it or a newer one, never the one that was written before")
    func listedMeanwhile() async throws {
        let store = try await scratch.open()
        try await store.create(Widget("z"))
        // Enough before it that something can happen until its turn comes.
        for index in 0..<300 { try await store.create(Widget("b\(index)")) }
        let last = Int64(400)
        async let reading: Void = {
            var seen: Int64 = 0
            while seen < last, !Task.isCancelled {
                let next = try #require(try await store.list(Widget.self).last).status.seen
                try #require(next >= seen)
                seen = next
            }
        }()
        for step in 1...last {
            let base = try await store.get(Widget("z").id)
            var widget = try base.decoded(as: Widget.self)
            widget.status.seen = step
            if step % 4 == 0 {
                try await store.updateStatus(widget)
            } else {
                #expect(store.refresh(widget, since: base, limit: .seconds(600)))
                // For so long that lists are read meanwhile.
                try await Task.sleep(for: .milliseconds(2))
            }
        }
        try await reading
    }

    @Test("What was only shown is gone with the process, and the record says what was last written")
    func lost() async throws {
        var store = try await scratch.open()
        var widget = try await store.create(Widget("a"))
        widget.status.seen = 5
        try await store.updateStatus(widget)
        #expect(try await show(7, in: store))
        await store.close()
        store = try await scratch.open()
        #expect(try await seen(store) == 5)
    }

    @Test("A status made from a state that was replaced, or of a record that is gone, is not shown")
    func outdated() async throws {
        let store = try await scratch.open()
        var widget = try await store.create(Widget("a"))
        let base = try await store.get(widget.id)
        widget.spec.size = 2
        widget = try await store.update(widget)
        widget.status.seen = 7
        #expect(!store.refresh(widget, since: base, limit: .seconds(600)))
        #expect(try await seen(store) == 0)
        let last = try await store.get(widget.id)
        #expect(store.refresh(widget, since: last, limit: .seconds(600)))
        try await store.delete(widget.id)
        await #expect(throws: StoreError.notFound(widget.id)) { try await store.get(widget.id) }
        #expect(!store.refresh(widget, since: last, limit: .seconds(600)))
        #expect(try await store.list(Widget.self).isEmpty)
        try await store.create(Widget("a"))
        #expect(!store.refresh(widget, since: last, limit: .seconds(600)))
        #expect(try await seen(store) == 0)
    }

    @Test(
        "A fresh status that is written stays known to those who read the file at that moment, and to nobody for longer"
    )
    func former() async throws {
        let cache = RecordCache()
        let id = Widget("a").id
        let written = Record(id: id, revision: 1, document: ["seen": 1])
        let fresh = Record(id: id, revision: 1, document: ["seen": 2])
        let next = Record(id: id, revision: 2, document: ["seen": 2])
        cache.keep(.present(written), of: id, ifStillAt: cache.look(up: id).moment)
        #expect(cache.refresh(fresh, limit: .seconds(60)))
        try await cache.reading { () async throws(StoreError) in
            cache.apply([Change(kind: .modified, record: next, previous: written)])
            #expect(cache.record(id, at: 1) == fresh)
            #expect(cache.record(id, at: 2) == next)
        }
        #expect(cache.record(id, at: 1) == nil)
        #expect(cache.refresh(next, limit: .seconds(60)))
        cache.apply([Change(kind: .deleted, record: next, previous: next)])
        #expect(cache.record(id, at: 2) == nil)
    }

    @Test("Former states are known as long as somebody reads who began before they were written, however many")
    func formerStates() {
        let id = Widget("a").id
        func record(_ revision: Int64) -> Record {
            Record(id: id, revision: revision, document: ["revision": .integer(revision)])
        }
        var states = FormerStates()
        states.add(record(1))
        #expect(states.count == 0)
        let first = states.begin()
        states.add(record(2))
        states.add(record(3))
        let second = states.begin()
        states.add(record(4))
        #expect((1...4).map { states.record(id, at: $0)?.revision } == [nil, 2, 3, 4])
        #expect(states.end(first).map(\.revision) == [2, 3])
        #expect(states.record(id, at: 3) == nil && states.record(id, at: 4) != nil)
        let third = states.begin()
        #expect(states.end(third).isEmpty && states.count == 1)
        #expect(states.end(second).map(\.revision) == [4] && states.count == 0)
    }

    @Test("After its time a status is to be written, half of that time after the last write at the earliest")
    func due() {
        let cache = RecordCache()
        let id = Widget("a").id
        let record = Record(id: id, revision: 1, document: ["revision": 1])
        let (limit, start) = (Duration.seconds(60), ContinuousClock.now)
        #expect(!cache.refresh(record, limit: limit, now: start))
        cache.keep(.present(record), of: id, ifStillAt: cache.look(up: id).moment)
        #expect(cache.refresh(record, limit: limit, now: start))
        #expect(cache.refresh(record, limit: limit, now: start + .seconds(29)))
        #expect(!cache.refresh(record, limit: limit, now: start + .seconds(60)))
        let next = Record(id: id, revision: 2, document: ["revision": 2])
        cache.apply([Change(kind: .modified, record: next, previous: record)])
        #expect(cache.record(id, at: 2) == next)
        #expect(cache.refresh(next, limit: limit, now: start + .seconds(61)))
        #expect(cache.refresh(next, limit: limit, now: start + .seconds(90)))
    }
}
