import Glibc
import Synchronization
import TestSupport
import Testing
import Threads

@Suite(.timeLimit(.minutes(5)))
struct BlockingTaskTests {
    @Test("Work runs on a thread of its own, comes back there after waiting, and so do its child tasks")
    func thread() async throws {
        let here = ThreadNumber.current
        let seen = try await BlockingTask.run {
            let first = ThreadNumber.current
            try await Task.sleep(for: .milliseconds(1))
            let second = ThreadNumber.current
            let third = await withTaskGroup(of: UInt64.self) { group in
                group.addTask { ThreadNumber.current }
                return await group.next() ?? 0
            }
            return [first, second, third]
        }
        #expect(Set(seen).count == 1)
        #expect(seen.first != here)
    }

    @Test("Work that blocks holds up nobody else, however much of it there is")
    func blocking() async throws {
        let gate = TemporaryGate()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<16 {
                group.addTask { try await BlockingTask.run { gate.wait() } }
            }
            try await eventually("16 threads wait") { gate.waiting == 16 }
            gate.open()
            try await group.waitForAll()
        }
    }

    @Test("Cancelling the caller cancels the work, and errors come out")
    func cancellation() async throws {
        let task = Task {
            try await BlockingTask.run { try await Task.sleep(for: .seconds(60)) }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        await #expect(throws: TestSupportError.self) {
            try await BlockingTask.run { throw TestSupportError("from the thread") }
        }
    }

    @Test("Threads end with their work")
    func end() async throws {
        func threads() -> Int { directoryEntries("/proc/self/task").count }
        let before = threads()
        for _ in 0..<100 { try await BlockingTask.run {} }
        try await eventually("the threads are gone") { threads() < before + 50 }
    }
}

/// A door that blocks whole threads until it opens.
private final class TemporaryGate: Sendable {
    private let state = Mutex((waiting: 0, isOpen: false))

    var waiting: Int { state.withLock { $0.waiting } }

    func open() {
        state.withLock { $0.isOpen = true }
    }

    func wait() {
        state.withLock { $0.waiting += 1 }
        while !state.withLock({ $0.isOpen }) { usleep(1000) }
    }
}
