import Synchronization

/// The metrics of one process, and what a scrape returns.
///
/// Made once at the composition root and handed down; there is no global. Asking twice for the same metric returns the
/// same one, so that two loops can share a family.
public final class MetricsRegistry: Sendable {
    /// A function that computes families when scraped, for figures that are somewhere else anyway.
    public typealias Collector = @Sendable () async -> [MetricFamily]

    private struct Registration: Sendable {
        let labels: [String]
        let series: any Sendable
        let family: @Sendable () -> MetricFamily
    }

    private struct State {
        var registrations: [String: Registration] = [:]
        var collectors: [Collector] = []
    }

    private let state = Mutex(State())

    /// A registry without metrics.
    public init() {}

    /// The counter called `name`, which must end in `_total`.
    public func counter(_ name: String, _ help: String) -> Counter {
        counter(name, help, labels: [])[]
    }

    /// The counters called `name`, which must end in `_total`, one for each set of label values.
    public func counter(_ name: String, _ help: String, labels: [String]) -> Labelled<Counter> {
        precondition(name.hasSuffix("_total"), "the counter \(name) must end in _total")
        return register(name, help, .counter, labels) { Counter() }
    }

    /// The gauge called `name`.
    public func gauge(_ name: String, _ help: String) -> Gauge {
        gauge(name, help, labels: [])[]
    }

    /// The gauges called `name`, one for each set of label values.
    public func gauge(_ name: String, _ help: String, labels: [String]) -> Labelled<Gauge> {
        register(name, help, .gauge, labels) { Gauge() }
    }

    /// The histogram called `name`.
    public func histogram(
        _ name: String, _ help: String, buckets: HistogramBuckets = .latency
    ) -> Histogram {
        histogram(name, help, buckets: buckets, labels: [])[]
    }

    /// The histograms called `name`, one for each set of label values.
    public func histogram(
        _ name: String, _ help: String, buckets: HistogramBuckets = .latency, labels: [String]
    ) -> Labelled<Histogram> {
        register(name, help, .histogram, labels) { Histogram(buckets: buckets) }
    }

    /// Adds families that are computed at each scrape.
    public func addCollector(_ collector: @escaping Collector) {
        state.withLock { $0.collectors.append(collector) }
    }

    /// All families with their present samples, ordered by name.
    public func families() async -> [MetricFamily] {
        let (registrations, collectors) = state.withLock { (Array($0.registrations.values), $0.collectors) }
        var byName: [String: MetricFamily] = [:]
        for registration in registrations {
            let family = registration.family()
            byName[family.name] = family
        }
        for collector in collectors {
            for family in await collector() {
                byName[family.name, default: MetricFamily(family.name, family.help, kind: family.kind, samples: [])]
                    .samples += family.samples
            }
        }
        return byName.values.sorted { $0.name < $1.name }
    }

    /// The body of a scrape, in the text exposition format 0.0.4 (``PrometheusText/contentType``).
    public func exposition() async -> [UInt8] {
        PrometheusText.bytes(of: await families())
    }

    private func register<Series: Instrument>(
        _ name: String, _ help: String, _ kind: MetricFamily.Kind, _ labels: [String],
        make: @escaping @Sendable () -> Series
    ) -> Labelled<Series> {
        precondition(MetricName.isValid(name), "\(name) is not a metric name")
        return state.withLock { state in
            if let known = state.registrations[name] {
                guard known.labels == labels, let series = known.series as? Labelled<Series> else {
                    preconditionFailure(
                        "the metric \(name) is registered already, as another kind or with other labels")
                }
                return series
            }
            let series = Labelled(names: labels, make: make)
            state.registrations[name] = Registration(labels: labels, series: series) {
                MetricFamily(name, help, kind: kind, samples: series.samples { $0.samples(labels: $1) })
            }
            return series
        }
    }
}
