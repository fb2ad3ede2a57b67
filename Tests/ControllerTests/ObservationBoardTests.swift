import Model
import Testing

@testable import Controller

struct ObservationBoardTests {
    private let board = ObservationBoard()

    private func seen(_ revision: Int64 = 0) -> HealthObservation {
        HealthObservation(takenAt: .now, members: [], quota: ByteCount(revision))
    }

    private var fresh: HealthObservation? { board.health(of: "a", notOlderThan: .seconds(60)) }

    @Test("A look that began before something happened is out of date, however late it ends")
    func eventDuringLook() {
        board.put(seen(), from: board.begin("a"), at: "a", isJudged: true)
        #expect(fresh != nil && !board.isStale("a"))
        let late = board.begin("a")
        board.invalidate("a")
        #expect(fresh == nil && board.isStale("a"))
        board.put(seen(), from: late, at: "a", isJudged: true)
        #expect(fresh == nil && board.isStale("a"))
        board.put(seen(), from: board.begin("a"), at: "a", isJudged: true)
        #expect(fresh != nil && !board.isStale("a"))
    }

    @Test("Something that happens during the very first look makes it out of date")
    func eventDuringFirstLook() {
        let first = board.begin("a")
        board.invalidate("a")
        board.put(seen(), from: first, at: "a", isJudged: true)
        #expect(fresh == nil && board.isStale("a"))
    }

    @Test("An earlier look that ends later does not replace what a later one showed")
    func overtaken() {
        let earlier = board.begin("a")
        let later = board.begin("a")
        board.put(seen(2), from: later, at: "a", isJudged: true)
        board.put(seen(1), from: earlier, at: "a", isJudged: false)
        #expect(fresh?.quota == ByteCount(2))
        #expect(board.takeUnjudged(of: "a") == nil)
    }

    @Test("A look that outlives its cluster does not bring it back, nor tells of the next one of that name")
    func gone() {
        let look = board.begin("a")
        board.forget("a")
        board.put(seen(), from: look, at: "a", isJudged: true)
        #expect(fresh == nil)
        _ = board.begin("a")
        board.put(seen(), from: look, at: "a", isJudged: true)
        #expect(fresh == nil)
    }

    @Test("What nobody has judged is handed out once")
    func unjudged() {
        board.put(seen(), from: board.begin("a"), at: "a", isJudged: false)
        #expect(board.takeUnjudged(of: "a") != nil)
        #expect(board.takeUnjudged(of: "a") == nil)
    }
}
