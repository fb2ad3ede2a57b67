import TestSupport
import Testing

@testable import Archive

@Suite(.timeLimit(.minutes(5)))
struct HandoverTests {
    @Test("Everything arrives in order, however fast either side is")
    func order() async throws {
        let handover = Handover<Int>(capacity: 3)
        async let received = collect(handover)
        for number in 0..<10_000 { try await handover.send(number) }
        handover.finish()
        let all = try await received
        #expect(all == Array(0..<10_000))
    }

    @Test("Either side learns why the other gave up, also while it waits")
    func failure() async throws {
        let full = Handover<Int>(capacity: 1)
        try await full.send(1)
        let sending = Task { try await full.send(2) }
        full.fail(TestSupportError("the disk is full"))
        await #expect(throws: TestSupportError.self) { try await sending.value }
        let empty = Handover<Int>(capacity: 1)
        let receiving = Task { try await empty.next() }
        empty.fail(TestSupportError("the member is gone"))
        await #expect(throws: TestSupportError.self) { try await receiving.value }
    }

    @Test("A side that is cancelled while it waits ends at once")
    func cancelled() async throws {
        let handover = Handover<Int>(capacity: 1)
        let task = Task { try await handover.next() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        await #expect(throws: CancellationError.self) { try await handover.send(1) }
    }

    private func collect(_ handover: Handover<Int>) async throws -> [Int] {
        var all: [Int] = []
        while let number = try await handover.next() { all.append(number) }
        return all
    }
}
