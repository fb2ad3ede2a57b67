/// A number that only grows, counted from the start of the process.
public final class Counter: Instrument {
    private let total = AtomicDouble()

    init() {}

    /// Adds `amount`, which must not be negative.
    public func add(_ amount: Double = 1) {
        precondition(amount >= 0, "a counter never falls")
        total.add(amount)
    }

    /// The sum so far.
    public var value: Double {
        total.value
    }

    func samples(labels: [MetricLabel]) -> [MetricSample] {
        [MetricSample(labels: labels, value: value)]
    }
}
