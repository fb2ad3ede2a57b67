import Model
import Testing

@testable import Controller

struct InspectionDueTests {
    @Test(
        "A run is due at its time, a tenth of the interval before it, and when its time makes no sense",
        arguments: [
            (-5.0, true), (0, true), (0.9, true), (1.2, true), (2, false), (9.9, false), (10, false), (10.1, true),
            (4000, true),
        ])
    func due(secondsAhead: Double, expected: Bool) {
        let now = Timestamp(secondsSinceEpoch: 1_700_000_000)
        #expect(InspectionReconciler.isDue(now + .seconds(secondsAhead), at: now, .seconds(10)) == expected)
    }
}
