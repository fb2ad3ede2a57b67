import Model
import Testing

@testable import Store

@Suite(.timeLimit(.minutes(10)))
struct GroupCommitTests {
    private let scratch = ScratchDirectory()

    @Test("Writes that come together share commits, and each gets its own answer")
    func sharing() async throws {
        let store = try await scratch.open()
        let outcomes = await withTaskGroup(of: (Int, Result<Widget, any Error>).self) { group in
            for index in 0..<400 {
                group.addTask {
                    // Every fourth name is taken by another task as well: one of the two is refused.
                    let name = index % 4 == 3 ? "w\(index - 1)" : "w\(index)"
                    do {
                        return (index, .success(try await store.create(Widget(name, size: Int64(index)))))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        let stored = try await store.list(Widget.self)
        #expect(stored.count == 300)
        var refused = 0
        for (index, outcome) in outcomes {
            switch outcome {
            case .success(let widget):
                #expect(widget.spec.size == index)
                #expect(stored.contains(widget))
            case .failure(let error):
                refused += 1
                guard case StoreError.alreadyExists? = error as? StoreError else {
                    Issue.record("\(error)")
                    continue
                }
            }
        }
        #expect(refused == 100)
        let figures = try await store.figures()
        #expect(figures.revision == 301, "refused writes use no revision")
        #expect(figures.writes.commits < 200, "\(figures.writes)")
    }

    @Test("Of many writers of one record all but one must look again, and no change is lost")
    func contention() async throws {
        let store = try await scratch.open()
        try await store.create(Widget("a", size: 0))
        try await withThrowingDiscardingTaskGroup { group in
            for _ in 0..<16 {
                group.addTask {
                    for _ in 0..<20 {
                        while true {
                            var widget = try await store.get(Widget.self, named: "a", in: "default")
                            widget.spec.size += 1
                            do {
                                try await store.update(widget)
                                break
                            } catch StoreError.conflict {
                                continue
                            }
                        }
                    }
                }
            }
        }
        let widget = try await store.get(Widget.self, named: "a", in: "default")
        #expect(widget.spec.size == 320)
        #expect(widget.metadata.generation == 321)
    }
}
