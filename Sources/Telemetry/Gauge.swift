/// A number that rises and falls.
public final class Gauge: Instrument {
    private let current = AtomicDouble()

    init() {}

    /// Replaces the value.
    public func set(_ value: Double) {
        current.store(value)
    }

    /// Adds `amount`, which may be negative.
    public func add(_ amount: Double) {
        current.add(amount)
    }

    /// The present value.
    public var value: Double {
        current.value
    }

    func samples(labels: [MetricLabel]) -> [MetricSample] {
        [MetricSample(labels: labels, value: value)]
    }
}
