@testable import Replication
import Testing

struct TailPlanTests {
    private func put(_ key: String, _ value: String = "v") -> TailPlan.Write {
        TailPlan.Write(key: text(key), value: text(value))
    }

    private func take(_ plan: inout TailPlan, _ revision: Int64, _ write: TailPlan.Write?) {
        let isWhole = plan.add(revision: revision, write)
        #expect(isWhole)
    }

    private func keys(_ step: TailPlan.Step) -> [String] { step.writes.map { String(decoding: $0.key, as: UTF8.self) } }

    @Test("Several revisions become one transaction, with the last write of each key")
    func merging() {
        var plan = TailPlan(after: 10, limits: CopyBatch.Limits())
        take(&plan, 11, put("a", "1"))
        take(&plan, 12, put("b", "2"))
        take(&plan, 12, put("a", "3"))
        take(&plan, 13, TailPlan.Write(key: text("b"), value: nil))
        plan.finish(upTo: 13)
        let steps = plan.takeSteps()
        #expect(steps.count == 1)
        #expect(steps[0].writes == [put("a", "3"), TailPlan.Write(key: text("b"), value: nil)])
        #expect(steps[0].revision == 13)
        #expect(steps[0].changes == 4)
        #expect(!steps[0].isPartial)
    }

    @Test("A revision is not spread over two transactions if it fits into one")
    func wholeRevisions() {
        var plan = TailPlan(after: 0, limits: CopyBatch.Limits(operations: 5, bytes: 1 << 20))
        for index in 0..<3 { take(&plan, 1, put("a\(index)")) }
        for index in 0..<3 { take(&plan, 2, put("b\(index)")) }
        for index in 0..<3 { take(&plan, 3, put("b\(index)", "again")) }
        plan.finish(upTo: 3)
        #expect(plan.isFull)
        let steps = plan.takeSteps()
        #expect(steps.map(\.revision) == [1, 3])
        #expect(steps.map(keys) == [["a0", "a1", "a2"], ["b0", "b1", "b2"]])
    }

    @Test("A revision too big for one transaction leaves the checkpoint before it until its last part")
    func bigRevision() {
        var plan = TailPlan(after: 6, limits: CopyBatch.Limits(operations: 4, bytes: 1 << 20))
        take(&plan, 7, put("first"))
        for index in 0..<10 { take(&plan, 8, TailPlan.Write(key: text("k\(index)"), value: nil)) }
        plan.finish(upTo: 8)
        let steps = plan.takeSteps()
        #expect(steps.map(\.revision) == [7, 7, 7, 8])
        #expect(steps.map(\.isPartial) == [false, true, true, false])
        #expect(steps.map(\.writes.count) == [1, 4, 4, 2])
        #expect(plan.takeSteps().map(\.revision) == [8])
    }

    @Test("A transaction is bounded by bytes, but one value of any size passes")
    func bytes() {
        var plan = TailPlan(after: 0, limits: CopyBatch.Limits(operations: 100, bytes: 1_000))
        take(&plan, 1, put("big", String(repeating: "x", count: 5_000)))
        take(&plan, 2, put("small"))
        plan.finish(upTo: 2)
        #expect(plan.takeSteps().map(keys) == [["big"], ["small"]])
    }

    @Test("What is not selected moves the revision and writes nothing")
    func unselected() {
        var plan = TailPlan(after: 0, limits: CopyBatch.Limits())
        for revision in 1...50 { take(&plan, Int64(revision), nil) }
        plan.finish(upTo: 50)
        let steps = plan.takeSteps()
        #expect(steps == [TailPlan.Step(revision: 50)])
    }

    @Test("A missing revision is noticed, one that comes twice is not applied twice")
    func gaps() {
        var plan = TailPlan(after: 5, limits: CopyBatch.Limits())
        take(&plan, 5, put("old"))
        take(&plan, 6, put("a"))
        plan.finish(upTo: 6)
        #expect(plan.takeSteps().map(keys) == [["a"]])
        let isWhole = plan.add(revision: 8, put("b"))
        #expect(!isWhole)
    }
}
