/// How long to wait before a crashed member is started again: longer after each failure, up to a limit.
public struct RestartBackoff: Sendable, Equatable {
    /// The wait after the first failure.
    public var initial: Duration
    /// The longest wait.
    public var limit: Duration
    /// By how much the wait is lengthened at random at most, as a fraction; so that members do not start in step.
    public var jitter: Double
    /// A member that has run this long is taken as healthy, and its next failure counts as the first.
    public var healthyAfter: Duration

    /// Sets the figures; each wait doubles the one before it.
    public init(
        initial: Duration = .milliseconds(250), limit: Duration = .seconds(60), jitter: Double = 0.2,
        healthyAfter: Duration = .seconds(30)
    ) {
        self.initial = initial
        self.limit = limit
        self.jitter = jitter
        self.healthyAfter = healthyAfter
    }

    /// The wait after `failures` failures in a row; `chance` is between 0 and 1.
    public func delay(failures: Int, chance: Double) -> Duration {
        let doublings = max(0, min(failures - 1, 30))
        let wait = min(initial * (1 << doublings), limit)
        return wait + wait * (jitter * chance)
    }

    /// How many failures in a row there are after one more, at the end of a run of `lifetime`.
    func failures(after failures: Int, lifetime: Duration) -> Int {
        lifetime >= healthyAfter ? 1 : failures + 1
    }
}
