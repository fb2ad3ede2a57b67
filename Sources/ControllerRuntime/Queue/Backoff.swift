/// How long to wait before trying again after failures in a row.
public struct Backoff: Sendable, Equatable {
    /// The wait after the first failure.
    public var first: Duration
    /// What each further failure multiplies the wait by.
    public var factor: Double
    /// The longest wait.
    public var cap: Duration
    /// How far a wait may stray from its length, as a share of it on either side, so that many records that failed
    /// together do not come back together.
    public var jitter: Jitter

    /// A doubling wait from half a second to two minutes.
    public init(
        first: Duration = .milliseconds(500), factor: Double = 2, cap: Duration = .seconds(120),
        jitter: Jitter = Jitter(0.2)
    ) {
        precondition(first > .zero && factor >= 1 && cap >= first, "a wait must not shrink")
        self.first = first
        self.factor = factor
        self.cap = cap
        self.jitter = jitter
    }

    /// The wait after `failures` failures in a row, at least one.
    public func delay(afterFailures failures: Int, using random: inout some RandomNumberGenerator) -> Duration {
        var delay = first
        for _ in 1..<max(1, min(failures, 64)) where delay < cap { delay = delay * factor }
        return jitter.applied(to: min(delay, cap), using: &random)
    }
}

/// A random deviation from a time span, as a share of it on either side.
public struct Jitter: Sendable, Equatable {
    /// The share, from 0 (none) to below 1.
    public let share: Double

    /// A deviation of up to `share` on either side.
    public init(_ share: Double) {
        precondition((0..<1).contains(share), "a share lies between 0 and 1")
        self.share = share
    }

    /// The span, lengthened or shortened at random; the mean of many is the span itself.
    public func applied(to span: Duration, using random: inout some RandomNumberGenerator) -> Duration {
        share == 0 ? span : span * Double.random(in: (1 - share)...(1 + share), using: &random)
    }
}
