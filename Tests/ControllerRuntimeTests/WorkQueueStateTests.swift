import TestSupport
import Testing

@testable import ControllerRuntime

struct WorkQueueStateTests {
    private typealias State = WorkQueueState<String, ManualClock.Instant>

    private static func moment(_ seconds: Int) -> ManualClock.Instant {
        ManualClock.Instant(offset: .seconds(seconds))
    }

    /// One thing done to a queue, or seen of it.
    enum Step: Sendable, CustomTestStringConvertible {
        case add(String)
        case routine(String)
        case at(String, Int)
        case next(Int, String?)
        case rest(String)
        case again(String, Int)
        case retry(String, Int)
        case forget(String)
        case failures(String, Int)
        case due(Int?)
        case counts(Int, Int, Int)

        var testDescription: String { "\(self)" }
    }

    @Test(
        "What a queue hands out follows from what was put in",
        arguments: [
            (
                "a key added often is handed out once",
                [.add("a"), .add("a"), .routine("a"), .next(0, "a"), .next(0, nil)]
            ),
            ("first in, first out", [.add("b"), .add("a"), .next(0, "b"), .next(0, "a")]),
            (
                "a key is not handed out twice at once, but once more afterwards",
                [
                    .add("a"), .next(0, "a"), .add("a"), .add("a"), .next(0, nil), .rest("a"), .next(0, "a"),
                    .rest("a"),
                    .next(0, nil), .counts(0, 0, 0),
                ]
            ),
            ("urgent keys go first", [.routine("r"), .add("u"), .next(0, "u"), .next(0, "r")]),
            (
                "a routine key that becomes urgent changes lines",
                [
                    .routine("r"), .routine("a"), .add("a"), .counts(2, 0, 0), .next(0, "a"), .next(0, "r"),
                    .next(0, nil),
                ]
            ),
            (
                "a key that changed lines and came back as routine is handed out once",
                [
                    .routine("a"), .add("a"), .next(0, "a"), .rest("a"), .routine("a"), .next(0, "a"), .rest("a"),
                    .next(0, nil),
                ]
            ),
            (
                "a timer hands out its key when it is due, in the order of time",
                [
                    .at("b", 20), .at("a", 10), .due(10), .next(9, nil), .next(10, "a"), .next(19, nil), .next(20, "b"),
                    .due(nil),
                ]
            ),
            (
                "the earlier of two timers counts",
                [.at("a", 20), .at("a", 10), .at("a", 30), .due(10), .counts(0, 0, 1)]
            ),
            (
                "a pass clears the timer, whatever caused it",
                [.at("a", 10), .add("a"), .next(0, "a"), .rest("a"), .due(nil), .next(10, nil)]
            ),
            (
                "the end of a pass sets the timer, unless an earlier one was set meanwhile",
                [
                    .add("a"), .next(0, "a"), .at("a", 5), .again("a", 10), .due(5), .next(5, "a"), .at("a", 20),
                    .again("a", 10), .due(10),
                ]
            ),
            (
                "failures in a row are counted, success forgets them",
                [
                    .add("a"), .next(0, "a"), .retry("a", 1), .failures("a", 1), .next(1, "a"), .retry("a", 2),
                    .failures("a", 2), .next(2, "a"), .again("a", 3), .failures("a", 0), .next(3, "a"), .rest("a"),
                    .counts(0, 0, 0),
                ]
            ),
            (
                "a key that is gone leaves nothing",
                [.add("a"), .next(0, "a"), .at("a", 5), .forget("a"), .due(nil), .counts(0, 0, 0)]
            ),
            (
                "a key that is gone but was added meanwhile comes again",
                [.add("a"), .next(0, "a"), .add("a"), .forget("a"), .next(0, "a"), .rest("a"), .next(0, nil)]
            ),
        ] as [(String, [Step])])
    func steps(name: String, steps: [Step]) {
        var state = State()
        for (index, step) in steps.enumerated() {
            let place: Comment = "\(name), step \(index): \(step)"
            switch step {
            case .add(let key): state.add(key, .urgent)
            case .routine(let key): state.add(key, .routine)
            case .at(let key, let seconds): state.add(key, at: Self.moment(seconds))
            case .next(let seconds, let expected): #expect(state.next(at: Self.moment(seconds)) == expected, place)
            case .rest(let key): state.finish(key, .rest)
            case .again(let key, let seconds): state.finish(key, .again(at: Self.moment(seconds)))
            case .retry(let key, let seconds): state.finish(key, .retry(at: Self.moment(seconds)))
            case .forget(let key): state.finish(key, .forget)
            case .failures(let key, let expected): #expect(state.failures(of: key) == expected, place)
            case .due(let seconds): #expect(state.nextDue == seconds.map(Self.moment), place)
            case .counts(let waiting, let running, let timed):
                #expect(state.waitingCount == waiting, place)
                #expect(state.runningCount == running, place)
                #expect(state.timerCount == timed, place)
            }
        }
    }

    @Test("However many urgent keys come, a routine one gets its turn")
    func fairness() {
        var state = State()
        state.add("routine", .routine)
        for index in 0..<100 { state.add("urgent\(index)", .urgent) }
        var turns = 0
        while let key = state.next(at: Self.moment(0)), key != "routine" { turns += 1 }
        #expect(turns == 8)
    }

    @Test("Under random use no key is handed out twice at once and no added key is forgotten", arguments: 0..<20)
    func randomUse(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var state = State()
        var wanted: Set<String> = []
        var running: Set<String> = []
        var now = 0
        for _ in 0..<5000 {
            let key = "k\(Int.random(in: 0..<12, using: &random))"
            switch Int.random(in: 0..<10, using: &random) {
            case 0...1:
                state.add(key, .urgent)
                wanted.insert(key)
            case 2:
                state.add(key, .routine)
                wanted.insert(key)
            case 3: state.add(key, at: Self.moment(now + Int.random(in: 0..<20, using: &random)))
            case 4...6:
                if let next = state.next(at: Self.moment(now)) {
                    #expect(running.insert(next).inserted, "\(next) is worked on twice")
                    wanted.remove(next)
                } else {
                    #expect(wanted.isSubset(of: running), "\(wanted.subtracting(running)) are forgotten")
                }
            case 7...8:
                guard let done = running.randomElement(using: &random) else { continue }
                running.remove(done)
                let later = Self.moment(now + Int.random(in: 0..<30, using: &random))
                let dispositions: [State.Disposition] = [.rest, .again(at: later), .retry(at: later), .forget]
                state.finish(done, dispositions[Int.random(in: 0..<4, using: &random)])
            default: now += 1
            }
            #expect(state.runningCount == running.count)
        }
        // In the end everything that was asked for is handed out.
        for key in running { state.finish(key, .rest) }
        while let next = state.next(at: Self.moment(now + 100)) {
            wanted.remove(next)
            state.finish(next, .rest)
        }
        #expect(wanted.isEmpty)
        #expect(state.waitingCount == 0 && state.timerCount == 0)
    }

    @Test("A heap of timers gives out its keys in order, with any of them taken out", arguments: 0..<10)
    func timerHeap(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var heap = TimerHeap<Int, ManualClock.Instant>()
        var expected: [(moment: ManualClock.Instant, key: Int, id: TimerHeap<Int, ManualClock.Instant>.ID)] = []
        for key in 0..<600 {
            let moment = Self.moment(Int.random(in: 0..<50, using: &random))
            expected.append((moment, key, heap.insert(key, at: moment)))
            if Int.random(in: 0..<3, using: &random) > 0 {
                let victim = expected.remove(at: Int.random(in: 0..<expected.count, using: &random))
                heap.remove(victim.id)
            }
            #expect(heap.count == expected.count)
            #expect(heap.earliest == expected.map(\.moment).min())
        }
        let order = expected.sorted { ($0.moment, $0.key) < ($1.moment, $1.key) }.map(\.key)
        var taken: [Int] = []
        while let key = heap.takeDue(at: Self.moment(50)) { taken.append(key) }
        #expect(taken == order)
    }

    @Test(
        "The wait doubles with every failure up to its cap",
        arguments: [(1, 0.5), (2, 1), (3, 2), (8, 64), (9, 120), (1000, 120), (Int.max, 120)]
            as [(Int, Double)])
    func backoff(failures: Int, seconds: Double) {
        var random = SeededRandom(seed: 1)
        let backoff = Backoff(jitter: Jitter(0))
        #expect(backoff.delay(afterFailures: failures, using: &random) == .seconds(seconds))
    }

    @Test("Jitter stays within its share and leaves the mean where it is")
    func jitter() {
        var random = SeededRandom(seed: 7)
        let spans = (0..<10_000).map { _ in Jitter(0.1).applied(to: .seconds(10), using: &random) / .seconds(1) }
        #expect(spans.allSatisfy { (9...11).contains($0) })
        #expect(abs(spans.reduce(0, +) / 10_000 - 10) < 0.02)
        #expect((spans.max() ?? 0) - (spans.min() ?? 0) > 1.9)
    }
}
