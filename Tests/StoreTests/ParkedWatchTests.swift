import Model
import Synchronization
import TestSupport
import Testing

@testable import Store

/// Watches that leave a receiver with the store instead of a task that waits.
@Suite(.timeLimit(.minutes(10)))
struct ParkedWatchTests {
    /// Reads with a task until it has seen everything, then is told; as a stream of the API does.
    private final class Reader: WatchReceiver {
        struct State {
            var told: [String] = []
            var revisions: [Int64] = []
            var position: Int64?
            var parkings = 0
            var isEnded = false
        }

        private let watch: RecordWatch
        private let state = Mutex(State())
        /// Refuses what it is told now and then.
        private let refuses: @Sendable (Int) -> Bool

        init(_ watch: RecordWatch, refuses: @escaping @Sendable (Int) -> Bool = { _ in false }) {
            self.watch = watch
            self.refuses = refuses
        }

        var now: State { state.withLock(\.self) }

        func catchUp() async throws {
            let position = now.position
            var iterator = position.map { watch.iterator(after: $0) } ?? watch.makeAsyncIterator()
            while true {
                while let event = try await iterator.nextPresent() { note([event]) }
                state.withLock { state in
                    state.position = iterator.position
                    state.parkings += 1
                }
                switch iterator.park(self) {
                case .parked: return
                case .newer: continue
                case .ended:
                    state.withLock { $0.isEnded = true }
                    return
                }
            }
        }

        func receive(_ events: [WatchEvent], after former: Int64, upTo revision: Int64) {
            guard !refuses(now.told.count) else {
                watch.unpark()
                fellBehind(after: former)
                return
            }
            note(events)
            state.withLock { $0.position = revision }
        }

        func fellBehind(after revision: Int64) {
            state.withLock { $0.position = revision }
            Task { try await catchUp() }
        }

        func watchEnded() {
            state.withLock { $0.isEnded = true }
        }

        func unpark() { watch.unpark() }
        func askBookmark() { watch.askBookmark() }

        private func note(_ events: [WatchEvent]) {
            state.withLock { state in
                for event in events {
                    state.told.append(event.summary)
                    if case .added(let record) = event { state.revisions.append(record.revision) }
                }
            }
        }
    }

    private let scratch = ScratchDirectory()

    @Test("A parked watch is told what comes, of its kind and selection, and takes up no task")
    func told() async throws {
        let store = try await scratch.open()
        try await store.create(Widget("a"))
        let reader = Reader(store.watch(.widgets, from: .present))
        try await reader.catchUp()
        #expect(reader.now.told == ["added a", "complete"])
        #expect(try await store.figures().watchers == 1)
        try await store.create(Namespace(name: "noise"))
        try await store.create(Widget("b"))
        try await store.delete(Widget("a").id)
        try await eventually("it was told") { reader.now.told.count == 4 }
        #expect(reader.now.told.suffix(2) == ["added b", "deleted a"])
        #expect(reader.now.parkings == 1)
        reader.unpark()
        #expect(try await store.figures().watchers == 0)
        try await store.create(Widget("c"))
        let other = Reader(store.watch(.widgets, from: .present))
        try await other.catchUp()
        #expect(reader.now.told.count == 4)
    }

    @Test("Many watches that refuse now and then miss nothing and repeat nothing", arguments: [100, 3_000, 12_000])
    func nothingLost(writes: Int) async throws {
        let store = try await scratch.open()
        let first = store.revision + 1
        let readers = (0..<20).map { number in
            Reader(store.watch(.widgets, from: .after(store.revision))) { count in
                number > 0 && (count &* 31 &+ number) % (7 * number) == 0 && Bool.random()
            }
        }
        for reader in readers { try await reader.catchUp() }
        try await withThrowingDiscardingTaskGroup { group in
            for index in 0..<writes { group.addTask { try await store.create(Widget("w\(index)")) } }
        }
        for reader in readers {
            try await eventually("it was told everything", timeout: .seconds(30)) {
                reader.now.revisions.count >= writes
            }
            #expect(reader.now.revisions == Array(first..<first + Int64(writes)))
        }
    }

    @Test("A parked watch is not expired by changes of other kinds, also when it refuses to be told")
    func quiet() async throws {
        let store = try await scratch.open { $0.historyCount = 64 }
        let isFirst = Mutex(true)
        let reader = Reader(store.watch(.widgets, from: .after(store.revision))) { _ in
            isFirst.withLock { isFirst in
                defer { isFirst = false }
                return isFirst
            }
        }
        try await reader.catchUp()
        try await withThrowingDiscardingTaskGroup { group in
            for index in 0..<1_500 { group.addTask { try await store.create(Namespace(name: "noise\(index)")) } }
        }
        try await store.create(Widget("a"))
        try await eventually("it was told") { reader.now.told == ["added a"] }
        #expect(!isFirst.withLock(\.self) && reader.now.parkings == 2)
    }

    @Test("A bookmark that is asked for comes after everything before it")
    func bookmark() async throws {
        let store = try await scratch.open()
        let reader = Reader(store.watch(.widgets, from: .present))
        reader.askBookmark()
        try await reader.catchUp()
        #expect(reader.now.told == ["complete", "bookmark"])
        try await store.create(Widget("a"))
        try await store.create(Namespace(name: "noise"))
        reader.askBookmark()
        try await eventually("it was told") { reader.now.told.last == "bookmark" && reader.now.told.count == 4 }
        #expect(reader.now.told == ["complete", "bookmark", "added a", "bookmark"])
        #expect(reader.now.position == store.revision)
    }

    @Test("Parked watches are told when the store is closed, and later ones at once")
    func closed() async throws {
        let store = try await scratch.open()
        let reader = Reader(store.watch(.widgets, from: .present))
        try await reader.catchUp()
        await store.close()
        try await eventually("it was told") { reader.now.isEnded }
        let late = Reader(store.watch(.widgets, from: .after(store.revision)))
        try await late.catchUp()
        #expect(late.now.isEnded)
    }
}
