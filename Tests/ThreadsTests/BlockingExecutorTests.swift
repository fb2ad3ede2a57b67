import TestSupport
import Testing
import Threads

@Suite(.timeLimit(.minutes(5)))
struct BlockingExecutorTests {
    @Test("An actor's jobs all run on the executor's one thread, before and after waiting")
    func thread() async throws {
        let here = ThreadNumber.current
        let resident = Resident()
        let seen = try await [resident.thread(), resident.thread(after: .milliseconds(1)), resident.thread()]
        #expect(Set(seen).count == 1)
        #expect(seen.first != here)
    }

    @Test("The thread ends with the actor that owns it")
    func end() async throws {
        func threads() -> Int { directoryEntries("/proc/self/task").count }
        let before = threads()
        for _ in 0..<100 { _ = await Resident().thread() }
        try await eventually("the threads are gone") { threads() < before + 50 }
    }
}

/// An actor that tells which thread it runs on.
private actor Resident {
    private let executor = BlockingExecutor()

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    func thread() -> UInt64 { ThreadNumber.current }

    func thread(after delay: Duration) async throws -> UInt64 {
        try await Task.sleep(for: delay)
        return ThreadNumber.current
    }
}
