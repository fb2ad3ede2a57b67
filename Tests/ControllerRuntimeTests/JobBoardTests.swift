import Model
import Store
import Telemetry
import TestSupport
import Testing

@testable import ControllerRuntime

@Suite(.timeLimit(.minutes(10)))
struct JobBoardTests {
    private let board: JobBoard<Int, String>
    private let woken = Shared<[String]>([])

    init() {
        let wakeups = Wakeups()
        board = JobBoard("copies", limit: 2, wakeups: wakeups, logger: .silent)
        wakeups.listen(for: Gadget.kind) { [woken] id in woken.withLock { $0.append(id.name) } }
    }

    private static func gadget(_ name: String, uid: String = "1") -> Gadget {
        var gadget = Gadget(name)
        gadget.metadata.uid = name + uid
        return gadget
    }

    @Test("A job is started once, shows its progress, and wakes its record when it is over")
    func life() async throws {
        let (steps, step) = AsyncStream<Void>.makeStream()
        let gadget = Self.gadget("a")
        try await withRunning(board.run) {
            #expect(await board.state(of: "copy", for: gadget) == nil)
            #expect(
                await board.start("copy", for: gadget) { handle in
                    handle.report(50)
                    for await _ in steps { break }
                    return "copied"
                })
            #expect(await board.start("copy", for: gadget) { _ in "again" } == false)
            try await eventually("half is done") {
                guard case .running(50)? = await board.state(of: "copy", for: gadget) else { return false }
                return true
            }
            #expect(woken.withLock { $0 } == [])
            step.yield()
            try await eventually("the record is woken") { woken.withLock { $0 } == ["a"] }
            #expect(await board.start("copy", for: gadget) { _ in "again" } == false)
            #expect(try await board.takeResult(of: "copy", for: gadget)?.get() == "copied")
            #expect(await board.takeResult(of: "copy", for: gadget) == nil)
            #expect(await board.start("copy", for: gadget) { _ in "again" })
        }
    }

    @Test("No more jobs run than allowed; the others wait in line")
    func limit() async throws {
        let (steps, step) = AsyncStream<Void>.makeStream()
        let most = Shared((now: 0, most: 0))
        try await withRunning(board.run) {
            for index in 0..<6 {
                await board.start("copy", for: Self.gadget("g\(index)")) { _ in
                    most.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                    for await _ in steps { break }
                    most.withLock { $0.now -= 1 }
                    return ""
                }
            }
            try await eventually("two run") { most.withLock { $0.now } == 2 }
            #expect(await board.counts == (4, 2))
            for _ in 0..<6 { step.yield() }
            step.finish()
            try await eventually("all are over") { woken.withLock { $0.count } == 6 }
            #expect(await board.counts == (0, 0))
        }
        #expect(most.withLock { $0.most } == 2)
    }

    @Test("A job is cancelled whether it runs or waits, and others take its place")
    func cancel() async throws {
        let gadgets = (0..<4).map { Self.gadget("g\($0)") }
        try await withRunning(board.run) {
            for gadget in gadgets {
                await board.start("copy", for: gadget) { handle in
                    handle.report(1)
                    try await Task.sleep(for: .seconds(3600))
                    return ""
                }
            }
            await board.cancel("copy", for: gadgets[2])
            #expect(woken.withLock { $0 } == ["g2"])
            await board.cancel("copy", for: gadgets[0])
            try await eventually("the record is woken") { woken.withLock { $0 } == ["g2", "g0"] }
            for index in [0, 2] {
                guard case .failure(is CancellationError)? = await board.takeResult(of: "copy", for: gadgets[index])
                else {
                    Issue.record("job \(index) was not cancelled")
                    continue
                }
            }
            try await eventually("the last one runs") {
                guard case .running(1)? = await board.state(of: "copy", for: gadgets[3]) else { return false }
                return true
            }
        }
    }

    @Test("A record made anew under the old name has no jobs; the jobs of a removed one are forgotten")
    func identity() async throws {
        let (old, new) = (Self.gadget("a", uid: "old"), Self.gadget("a", uid: "new"))
        try await withRunning(board.run) {
            await board.start("copy", for: old) { _ in
                try await Task.sleep(for: .seconds(3600))
                return ""
            }
            #expect(await board.state(of: "copy", for: new) == nil)
            #expect(await board.start("copy", for: new) { _ in "new" })
            try await eventually("the old one is forgotten") { await board.forget(old) }
            #expect(await board.state(of: "copy", for: old) == nil)
            try await eventually("the new one is over") {
                try await board.takeResult(of: "copy", for: new)?.get() == "new"
            }
        }
    }

    @Test("A failed job keeps its error; stopping the board cancels what runs")
    func failureAndStop() async throws {
        let cancelled = SharedCount()
        try await withRunning(board.run) {
            await board.start("bad", for: Self.gadget("a")) { _ in throw Fault() }
            await board.start("long", for: Self.gadget("a")) { handle in
                handle.report(1)
                do {
                    try await Task.sleep(for: .seconds(3600))
                } catch {
                    cancelled.add()
                    throw error
                }
                return ""
            }
            try await eventually("one failed, one runs") {
                guard case .running(1)? = await board.state(of: "long", for: Self.gadget("a")),
                    case .finished(.failure(is Fault))? = await board.state(of: "bad", for: Self.gadget("a"))
                else { return false }
                return true
            }
        }
        #expect(cancelled.value == 1)
    }
}
