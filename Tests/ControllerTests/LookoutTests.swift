import Model
import Store
import Synchronization
import TestSupport
import Testing

@testable import Controller
@testable import ControllerRuntime

@Suite(.timeLimit(.minutes(5)))
struct LookoutTests {
    private static let record = RecordID(EtcdInspection.kind, namespace: "default", name: "a")

    /// Lends a lookout that waits `patience`, and ends it in all cases.
    private func withLookout(
        patience: Duration, limit: Int = 8, _ body: (Lookout, Bell) async throws -> Void
    ) async throws {
        let bell = Bell()
        let wakeups = Wakeups()
        wakeups.listen(for: EtcdInspection.kind) { bell.ring($0) }
        let lookout = Lookout(wakeups: wakeups, patience: patience, limit: limit)
        try await withThrowingTaskGroup { group in
            group.addTask { await lookout.run() }
            defer { group.cancelAll() }
            try await body(lookout, bell)
        }
    }

    @Test("A look that ends in time is waited for, and wakes nobody")
    func quick() async throws {
        try await withLookout(patience: .seconds(30)) { lookout, bell in
            #expect(await lookout.attend("x", for: Self.record) {})
            #expect(bell.rings == 0 && lookout.counts.running == 0)
        }
    }

    @Test("A look that takes long holds nobody, is joined and not made twice, and its end wakes the record")
    func slow() async throws {
        let (end, ender) = AsyncStream<Never>.makeStream()
        let made = Atomic<Int>(0)
        try await withLookout(patience: .milliseconds(20)) { lookout, bell in
            for _ in 0..<2 {
                let ended = await lookout.attend("x", for: Self.record) {
                    made.add(1, ordering: .relaxed)
                    for await _ in end {}
                }
                #expect(!ended)
            }
            #expect(bell.rings == 0)
            ender.finish()
            try await eventually("the end wakes the record") { bell.rings == 1 }
            #expect(made.load(ordering: .relaxed) == 1)
        }
    }

    @Test("What took long the last time is not waited for at all, until it is quick again")
    func remembered() async throws {
        try await withLookout(patience: .seconds(3)) { lookout, bell in
            let (first, firstEnder) = AsyncStream<Never>.makeStream()
            #expect(await !lookout.attend("x", for: Self.record) { for await _ in first {} })
            // The look itself may have begun late, and what counts is how long it took.
            try await Task.sleep(for: .seconds(1))
            firstEnder.finish()
            try await eventually { bell.rings == 1 }
            let (end, ender) = AsyncStream<Never>.makeStream()
            let start = ContinuousClock.now
            #expect(await !lookout.attend("x", for: Self.record) { for await _ in end {} })
            #expect(ContinuousClock.now - start < .milliseconds(2900))
            ender.finish()
            try await eventually { bell.rings == 2 }
            #expect(await lookout.attend("x", for: Self.record) {})
        }
    }

    @Test("Beyond the limit looks wait in line, and those who asked for them do not")
    func limit() async throws {
        let (end, ender) = AsyncStream<Never>.makeStream()
        try await withLookout(patience: .milliseconds(10), limit: 1) { lookout, bell in
            #expect(await !lookout.attend("x", for: Self.record) { for await _ in end {} })
            #expect(await !lookout.attend("y", for: Self.record) {})
            #expect(lookout.counts == (waiting: 1, running: 1))
            ender.finish()
            try await eventually { bell.rings == 2 }
        }
    }
}

/// Counts who was woken.
private final class Bell: Sendable {
    private let count = Atomic<Int>(0)

    func ring(_ id: RecordID) { count.add(1, ordering: .relaxed) }
    var rings: Int { count.load(ordering: .relaxed) }
}
