import Synchronization
import TestSupport
import Testing

@testable import ControllerRuntime

@Suite(.timeLimit(.minutes(10)))
struct WorkQueueTests {
    @Test("Never more workers than allowed, never two on one key, and every key is worked on")
    func concurrency() async throws {
        let queue = WorkQueue<Int, ContinuousClock>(clock: ContinuousClock())
        let log = Shared(Work())
        try await withRunning {
            await queue.run(workers: 5) { key in
                log.withLock { $0.begin(key) }
                for _ in 0..<3 { await Task.yield() }
                log.withLock { $0.end(key) }
                return .rest
            }
        } during: {
            await withTaskGroup(of: Void.self) { group in
                for task in 0..<4 {
                    group.addTask {
                        for round in 0..<500 { queue.add((task * 31 + round) % 40) }
                    }
                }
            }
            try await eventually("the queue is empty") { queue.counts == (0, 0, 0) }
        }
        log.withLock { work in
            #expect(work.problems == [])
            #expect(work.most <= 5)
            #expect(work.counts.count == 40)
        }
    }

    @Test("A pass comes again when its time has come, a failed one after growing waits")
    func timers() async throws {
        let clock = ManualClock()
        let queue = WorkQueue<String, ManualClock>(
            clock: clock, backoff: Backoff(first: .seconds(1), jitter: Jitter(0)))
        let times = Shared<[String: [Duration]]>([:])
        try await withRunning {
            await queue.run(workers: 2) { key in
                times.withLock { $0[key, default: []].append(clock.now.offset) }
                return key == "bad" ? .failed : .again(after: .seconds(10))
            }
        } during: {
            queue.add("good")
            queue.add("bad")
            for _ in 0..<32 {
                try await quiet(queue, clock)
                clock.advance(by: .seconds(1))
            }
            try await quiet(queue, clock)
            #expect(queue.failures(of: "bad") == 6)
        }
        let seen = times.withLock { $0 }
        #expect(seen["good"] == [0, 10, 20, 30].map { .seconds($0) })
        #expect(seen["bad"] == [0, 1, 3, 7, 15, 31].map { .seconds($0) })
    }

    @Test("A delay of zero brings the key back at once, ahead of the routine")
    func atOnce() async throws {
        let queue = WorkQueue<String, ContinuousClock>(clock: ContinuousClock())
        let order = Shared<[String]>([])
        for key in ["a", "b", "c"] { queue.addRoutine(key) }
        try await withRunning {
            await queue.run(workers: 1) { key in
                let isFirst = order.withLock { order in
                    order.append(key)
                    return order.count == 1
                }
                return isFirst ? .again(after: .zero) : .rest
            }
        } during: {
            try await eventually("the queue is empty") { queue.counts == (0, 0, 0) }
        }
        #expect(order.withLock { $0 } == ["a", "a", "b", "c"])
    }

    @Test("Ten thousand keys that start together drift apart")
    func spread() async throws {
        let clock = ManualClock()
        let queue = WorkQueue<Int, ManualClock>(clock: clock)
        let times = Shared<[Int: [Duration]]>([:])
        let jitter = Jitter(0.1)
        try await withRunning {
            await queue.run(workers: 8) { key in
                times.withLock { $0[key, default: []].append(clock.now.offset) }
                var random = SystemRandomNumberGenerator()
                return .again(after: jitter.applied(to: .seconds(10), using: &random))
            }
        } during: {
            for key in 0..<10_000 { queue.add(key) }
            for _ in 0..<120 {
                try await quiet(queue, clock)
                clock.advance(by: .milliseconds(250))
            }
        }
        let all = times.withLock { $0 }
        #expect(all.count == 10_000)
        // The third pass of all of them: 20 s after the first, within 2 s on either side, more in the middle.
        var bins: [Int: Int] = [:]
        for times in all.values where times.count > 2 {
            #expect((18...22.3).contains(times[2] / .seconds(1)))
            bins[Int(times[2] / .milliseconds(250)), default: 0] += 1
        }
        #expect(bins.values.reduce(0, +) == 10_000)
        #expect((bins.values.max() ?? 0) < 2000)
    }

    @Test("Ending waits for the passes under way, which are cancelled")
    func ending() async throws {
        let queue = WorkQueue<Int, ContinuousClock>(clock: ContinuousClock())
        let ended = SharedCount()
        try await withRunning {
            await queue.run(workers: 3) { _ in
                try? await Task.sleep(for: .seconds(3600))  // Cut short by the cancellation.
                ended.add()
                return .rest
            }
        } during: {
            for key in 0..<5 { queue.add(key) }
            try await eventually("three passes run") { queue.counts.running == 3 }
        }
        #expect(ended.value == 3)
    }
}

/// Waits until everything that is due has been done and the queue sleeps until the next timer.
private func quiet<Key>(_ queue: WorkQueue<Key, ManualClock>, _ clock: ManualClock) async throws {
    try await eventually("all is quiet", poll: .milliseconds(1)) {
        let counts = queue.counts
        guard counts.waiting == 0, counts.running == 0, let due = queue.nextDue else { return false }
        return due > clock.now && clock.hasSleeper(until: due)
    }
}

/// What passes were seen to do.
private struct Work {
    var running: Set<Int> = []
    var most = 0
    var counts: [Int: Int] = [:]
    var problems: [String] = []

    mutating func begin(_ key: Int) {
        if !running.insert(key).inserted { problems.append("\(key) twice at once") }
        most = max(most, running.count)
        counts[key, default: 0] += 1
    }

    mutating func end(_ key: Int) {
        running.remove(key)
    }
}
