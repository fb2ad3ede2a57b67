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
        board.put(seen(), from: board.begin("a"), at: "a")
        #expect(fresh != nil && !board.isStale("a"))
        let late = board.begin("a")
        board.invalidate("a")
        #expect(fresh == nil && board.isStale("a"))
        board.put(seen(), from: late, at: "a")
        #expect(fresh == nil && board.isStale("a"))
        board.put(seen(), from: board.begin("a"), at: "a")
        #expect(fresh != nil && !board.isStale("a"))
    }

    @Test("Something that happens during the very first look makes it out of date")
    func eventDuringFirstLook() {
        let first = board.begin("a")
        board.invalidate("a")
        board.put(seen(), from: first, at: "a")
        #expect(fresh == nil && board.isStale("a"))
    }

    @Test("An earlier look that ends later does not replace what a later one showed")
    func overtaken() {
        let earlier = board.begin("a")
        let later = board.begin("a")
        board.put(seen(2), from: later, at: "a")
        board.put(seen(1), from: earlier, at: "a")
        #expect(fresh?.quota == ByteCount(2))
    }

    @Test("A look that outlives its cluster does not bring it back, nor tells of the next one of that name")
    func gone() {
        let look = board.begin("a")
        board.forget("a")
        board.put(seen(), from: look, at: "a")
        #expect(fresh == nil)
        _ = board.begin("a")
        board.put(seen(), from: look, at: "a")
        #expect(fresh == nil)
    }

    @Test("Every reader is shown a look once")
    func readers() {
        board.put(seen(1), from: board.begin("a"), at: "a")
        for reader in ["x", "y"] {
            #expect(board.unseenHealth(of: "a", by: reader)?.observation.quota == ByteCount(1))
            #expect(board.unseenHealth(of: "a", by: reader) == nil)
        }
        board.put(seen(2), from: board.begin("a"), at: "a")
        #expect(board.unseenHealth(of: "a", by: "x")?.observation.quota == ByteCount(2))
    }

    @Test("A spec that changed puts looks under the old one out of date; the first one told of does not")
    func generations() {
        board.put(seen(), from: board.begin("a"), at: "a")
        board.expect(1, of: "a")
        board.expect(1, of: "a")
        #expect(fresh != nil)
        board.expect(2, of: "a")
        #expect(fresh == nil)
    }
}
