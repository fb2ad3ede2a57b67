import Model
import TestSupport
import Testing

@testable import Store

@Suite(.timeLimit(.minutes(10)))
struct WatchTests {
    private let scratch = ScratchDirectory()

    @Test("A watch from the present tells what exists, then what changes")
    func present() async throws {
        let store = try await scratch.open()
        for name in ["a", "b"] { try await store.create(Widget(name)) }
        var events = store.watch(.widgets, from: .present).makeAsyncIterator()
        #expect(try await take(3, &events) == ["added a", "added b", "complete"])
        try await store.create(Widget("c"))
        var widget = try await store.get(Widget.self, named: "a", in: "default")
        widget.spec.size = 2
        try await store.update(widget)
        try await store.delete(Widget("b").id)
        #expect(try await take(3, &events) == ["added c", "modified a", "deleted b"])
    }

    @Test("A watch from the revision of a list misses nothing and repeats nothing")
    func fromList() async throws {
        let store = try await scratch.open()
        try await store.create(Widget("a"))
        let list = try await store.list(.widgets)
        try await store.create(Widget("b"))
        var events = store.watch(.widgets, from: .after(list.revision)).makeAsyncIterator()
        try await store.create(Namespace(name: "noise"))
        try await store.create(Widget("c"))
        #expect(try await take(2, &events) == ["added b", "added c"])
    }

    @Test("Former and later states are told, a removal carries its own revision")
    func states() async throws {
        let store = try await scratch.open()
        let a = try await store.create(Widget("a"))
        var events = store.watch(.widgets, from: .after(a.revision)).makeAsyncIterator()
        var b = a
        b.spec.size = 2
        b = try await store.update(b)
        guard case .modified(let new, from: let old)? = try await events.next() else {
            Issue.record("not modified")
            return
        }
        #expect(try new.decoded(as: Widget.self) == b)
        #expect(try old.decoded(as: Widget.self) == a)
        try await store.delete(b)
        guard case .deleted(let last)? = try await events.next() else {
            Issue.record("not deleted")
            return
        }
        #expect(last.revision == b.revision + 1)
        #expect(last.document[path: "metadata", "resourceVersion"] == .string(String(last.revision)))
        #expect(last.document[path: "spec", "size"] == 2)
    }

    @Test("A record that comes to match is added, one that ceases to is deleted", arguments: [false, true])
    func selectors(fromLog: Bool) async throws {
        let store = try await scratch.open()
        var widget = try await store.create(Widget("a"))
        let query = RecordQuery(Widget.kind, labels: LabelSelector(matching: ["on": "yes"]))
        let watch = store.watch(query, from: .after(widget.revision))
        for labels in [["on": "yes"], ["on": "yes", "more": "x"], ["on": "no"], [:], ["on": "yes"]] {
            widget.metadata.labels = labels
            widget = try await store.update(widget)
        }
        try await store.delete(widget)
        if fromLog { try await pushOutOfMemory(store) }
        var events = watch.makeAsyncIterator()
        #expect(try await take(2, &events) == ["added a", "modified a"])
        guard case .deleted(let left)? = try await events.next() else {
            Issue.record("not deleted")
            return
        }
        #expect(left.document[path: "metadata", "labels", "more"] == "x")
        #expect(left.document[path: "metadata", "resourceVersion"] == .string(String(left.revision)))
        #expect(left.revision == widget.revision - 2)
        #expect(try await take(2, &events) == ["added a", "deleted a"])
    }

    @Test("A reader far behind goes on from the file, in order and without a gap")
    func behind() async throws {
        let store = try await scratch.open()
        var events = store.watch(.widgets, from: .after(store.revision)).makeAsyncIterator()
        let first = store.revision + 1
        try await withThrowingDiscardingTaskGroup { group in
            for index in 0..<1500 { group.addTask { try await store.create(Widget("w\(index)")) } }
        }
        for revision in first..<first + 1500 {
            guard case .added(let record)? = try await events.next() else {
                Issue.record("no record of revision \(revision)")
                return
            }
            #expect(record.revision == revision)
        }
        try await store.create(Widget("last"))
        #expect(try await take(1, &events) == ["added last"])
    }

    @Test("A reader behind the history is told, and so is one from the future")
    func expired() async throws {
        let store = try await scratch.open { $0.historyCount = 64 }
        let start = store.revision
        try await pushOutOfMemory(store)
        for revision in [start, store.revision + 100] {
            var events = store.watch(.widgets, from: .after(revision)).makeAsyncIterator()
            let error = await #expect(throws: StoreError.self) { _ = try await events.next() }
            guard case .expired(revision, let oldest)? = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(oldest > start && oldest < store.revision)
        }
    }

    @Test("A watch that waits is not expired by changes of other kinds")
    func quiet() async throws {
        let store = try await scratch.open { $0.historyCount = 64 }
        let watch = store.watch(RecordQuery(Secret.kind), from: .after(store.revision))
        let first = Task {
            var events = watch.makeAsyncIterator()
            return try await events.next()?.summary
        }
        try await eventually("the watch waits") { try await store.figures().watchers == 1 }
        try await pushOutOfMemory(store)
        var secret = Secret()
        secret.metadata = ObjectMeta(name: "s")
        try await store.create(secret)
        #expect(try await first.value == "added s")
    }

    @Test("A bookmark tells how far a quiet watch has come")
    func bookmarks() async throws {
        let store = try await scratch.open()
        try await store.create(Widget("a"))
        let watch = store.watch(.widgets, from: .present)
        var events = watch.makeAsyncIterator()
        // Asked for before everything is told, it comes after it.
        watch.askBookmark()
        #expect(try await take(3, &events) == ["added a", "complete", "bookmark"])
        try await store.create(Namespace(name: "noise"))
        let next = Task {
            try await eventually("the watch waits") { try await store.figures().watchers == 1 }
            watch.askBookmark()
        }
        #expect(try await events.next() == .bookmark(store.revision))
        try await next.value
    }

    @Test("Cancelling and closing end a watch")
    func ending() async throws {
        let store = try await scratch.open()
        func waiting() -> Task<String?, any Error> {
            Task {
                var events = store.watch(.widgets, from: .after(store.revision)).makeAsyncIterator()
                return try await events.next()?.summary
            }
        }
        let cancelled = waiting()
        try await eventually("the watch waits") { try await store.figures().watchers == 1 }
        cancelled.cancel()
        #expect(try await cancelled.value == nil)
        #expect(try await store.figures().watchers == 0)
        let closed = waiting()
        try await eventually("the watch waits") { try await store.figures().watchers == 1 }
        await store.close()
        #expect(try await closed.value == nil)
    }

    @Test("History is forgotten by count and by age, and what remains can still be watched")
    func compaction() async throws {
        let time = Moment()
        let store = try await scratch.open(
            {
                $0.historyCount = 160
                $0.historyAge = .seconds(600)
            }, now: { time.now })
        var widget = try await store.create(Widget("busy"))
        try await store.create(Widget("idle"))
        for size in 0..<400 {
            widget.spec.size = Int64(size + 2)
            widget = try await store.update(widget)
        }
        var figures = try await store.figures()
        #expect(figures.revision - figures.compactedRevision >= 160)
        #expect(figures.revision - figures.compactedRevision <= 180)
        var events = store.watch(.widgets, from: .after(figures.compactedRevision)).makeAsyncIterator()
        guard case .modified(_, from: let old)? = try await events.next() else {
            Issue.record("the former state is lost")
            return
        }
        #expect(old.revision == figures.compactedRevision)
        // The state of a record that was idle for long is kept when it changes.
        var idle = try await store.get(Widget.self, named: "idle", in: "default")
        let before = try await store.list(.widgets)
        idle.spec.size = 5
        try await store.update(idle)
        var query = RecordQuery.widgets
        query.continuation = ContinueToken(revision: before.revision, namespace: "default", name: "busy")
        #expect(try await store.list(query).records.map(\.document[path: "spec", "size"]) == [1])

        time.advance(by: .seconds(3600))
        for _ in 0..<20 {
            widget.spec.size += 1
            widget = try await store.update(widget)
        }
        figures = try await store.figures()
        #expect(figures.revision - figures.compactedRevision <= 20)
    }

    /// Writes so much that no older change is in memory.
    private func pushOutOfMemory(_ store: RecordStore) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for index in 0..<1200 {
                group.addTask { try await store.create(Namespace(name: "noise\(index)")) }
            }
        }
    }

    private func take(_ count: Int, _ events: inout RecordWatch.Iterator) async throws -> [String] {
        var summaries: [String] = []
        while summaries.count < count, let event = try await events.next() { summaries.append(event.summary) }
        return summaries
    }
}
