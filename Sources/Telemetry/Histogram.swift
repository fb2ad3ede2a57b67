import Synchronization

/// A distribution of observed values, counted in buckets.
public final class Histogram: Instrument {
    private struct State {
        var counts: [UInt64]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    init(buckets: HistogramBuckets) {
        bounds = buckets.bounds
        state = Mutex(State(counts: Array(repeating: 0, count: buckets.bounds.count + 1)))
    }

    /// Counts `value` in its bucket.
    public func observe(_ value: Double) {
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[index] += 1
            state.sum += value
        }
    }

    /// Counts `duration`, in seconds.
    public func observe(_ duration: Duration) {
        observe(duration / .seconds(1))
    }

    /// How many values were observed.
    public var count: UInt64 {
        state.withLock { $0.counts.reduce(0, +) }
    }

    func samples(labels: [MetricLabel]) -> [MetricSample] {
        let (counts, sum) = state.withLock { ($0.counts, $0.sum) }
        var samples: [MetricSample] = []
        var cumulative: UInt64 = 0
        for (index, count) in counts.enumerated() {
            cumulative += count
            let bound = index < bounds.count ? PrometheusText.number(bounds[index]) : "+Inf"
            samples.append(
                MetricSample(
                    suffix: "_bucket", labels: labels + [MetricLabel("le", bound)], value: Double(cumulative)))
        }
        samples.append(MetricSample(suffix: "_sum", labels: labels, value: sum))
        samples.append(MetricSample(suffix: "_count", labels: labels, value: Double(cumulative)))
        return samples
    }
}

/// The upper bounds of a histogram's buckets, ascending, without the infinite one.
public struct HistogramBuckets: Sendable, Equatable {
    let bounds: [Double]

    /// Buckets with the given upper bounds, which must be finite and ascending.
    public init(_ bounds: [Double]) {
        precondition(
            zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 } && bounds.allSatisfy(\.isFinite),
            "bucket bounds must be finite and ascending")
        self.bounds = bounds
    }

    /// From one millisecond to one minute, for calls and passes, in seconds.
    public static let latency = HistogramBuckets([
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ])

    /// From 64 KiB to 16 GiB in steps of four, for sizes, in bytes.
    public static let size = HistogramBuckets((0..<10).map { Double(1 << (16 + 2 * $0)) })
}
