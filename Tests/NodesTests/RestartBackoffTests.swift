import Testing

@testable import Nodes

@Suite("The wait before a restart")
struct RestartBackoffTests {
    private let backoff = RestartBackoff(
        initial: .seconds(1), limit: .seconds(60), jitter: 0.2, healthyAfter: .seconds(30))

    @Test(
        "Doubles with each failure up to the limit",
        arguments: [(1, 1.0), (2, 2), (3, 4), (6, 32), (7, 60), (40, 60), (1_000, 60)])
    func doubles(failures: Int, seconds: Double) {
        #expect(backoff.delay(failures: failures, chance: 0) == .seconds(seconds))
        #expect(abs(backoff.delay(failures: failures, chance: 1) / .seconds(1) - seconds * 1.2) < 0.000_001)
    }

    @Test("A healthy run makes the next failure the first again", arguments: [(29, 6), (30, 1), (3_600, 1)])
    func resets(lifetime: Int, failures: Int) {
        #expect(backoff.failures(after: 5, lifetime: .seconds(lifetime)) == failures)
    }
}
