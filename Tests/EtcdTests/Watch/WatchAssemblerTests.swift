import Testing

@testable import Etcd

struct WatchAssemblerTests {
    private func run(from revision: Int64, _ messages: [WatchMessage]) -> (batches: [[String]], next: Int64) {
        var assembler = WatchAssembler(startingAt: revision)
        let batches = messages.compactMap { assembler.add($0)?.summary }
        return (batches, assembler.nextRevision)
    }

    @Test("A message that is no fragment is delivered at once")
    func whole() throws {
        let (batches, next) = run(from: 5, [try .make(1, events: [("a", 5), ("b", 5), ("a", 6)])])
        #expect(batches == [["a@5", "b@5", "a@6"]])
        #expect(next == 7)
    }

    @Test("Of a fragment, the last revision waits until it is complete")
    func fragments() throws {
        let (batches, next) = run(
            from: 1,
            [
                try .make(1, fragment: true, events: [("a", 1), ("b", 2), ("c", 3), ("d", 3)]),
                try .make(1, fragment: true, events: [("e", 3), ("f", 3)]),
                try .make(1, fragment: true, events: [("g", 3), ("h", 4)]),
                try .make(1, events: [("i", 4), ("j", 5)]),
            ])
        #expect(batches == [["a@1", "b@2"], ["c@3", "d@3", "e@3", "f@3", "g@3"], ["h@4", "i@4", "j@5"]])
        #expect(next == 6)
    }

    @Test("A fragment that begins with a new revision completes the one before")
    func boundary() throws {
        let (batches, _) = run(
            from: 1,
            [
                try .make(1, fragment: true, events: [("a", 1)]),
                try .make(1, fragment: true, events: [("b", 2)]),
                try .make(1, fragment: false, events: []),
            ])
        #expect(batches == [["a@1"], ["b@2"]])
    }

    @Test("Events of before the start revision are not delivered")
    func old() throws {
        let (batches, next) = run(
            from: 4, [try .make(1, events: [("a", 2), ("b", 3)]), try .make(1, events: [("b", 3), ("c", 4)])])
        #expect(batches == [["c@4"]])
        #expect(next == 5)
    }

    @Test("What was held back when the stream broke comes again, once")
    func restart() throws {
        var assembler = WatchAssembler(startingAt: 1)
        let first = assembler.add(try .make(1, fragment: true, events: [("a", 1), ("b", 2)]))
        #expect(first?.summary == ["a@1"])
        assembler.restart()
        #expect(assembler.nextRevision == 2)
        let second = assembler.add(try .make(2, events: [("b", 2), ("c", 2)]))
        #expect(second?.summary == ["b@2", "c@2"])
    }

    @Test("Progress moves the place to go on at, but not past what is held back, and never back")
    func progress() throws {
        var assembler = WatchAssembler(startingAt: 5)
        let moves = [assembler.skip(to: 4), assembler.skip(to: 9)]
        #expect(moves == [false, true])
        #expect(assembler.nextRevision == 10)
        let batch = assembler.add(try .make(1, fragment: true, events: [("a", 11)]))
        #expect(batch == nil)
        let movesWhileHeld = assembler.skip(to: 12)
        #expect(!movesWhileHeld)
        #expect(assembler.nextRevision == 10)
    }
}
