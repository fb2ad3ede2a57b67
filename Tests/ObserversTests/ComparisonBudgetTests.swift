import Model
import Observers
import Testing

struct ComparisonBudgetTests {
    private let start = Timestamp(secondsSinceEpoch: 1_795_237_200)

    @Test("The first comparison is due at once")
    func first() {
        #expect(ComparisonBudget().isDue(at: start))
    }

    @Test("A comparison that took long is repeated only after a hundred times as long")
    func share() {
        var budget = ComparisonBudget()
        budget.spend(.seconds(2), endingAt: start)
        #expect(!budget.isDue(at: start + .seconds(199)))
        #expect(budget.isDue(at: start + .seconds(200)))
    }

    @Test("A clock that was set back does not stop comparisons")
    func clock() {
        var budget = ComparisonBudget()
        budget.spend(.seconds(2), endingAt: start)
        #expect(budget.isDue(at: start - .seconds(3600)))
    }
}
