internal import Telemetry

/// What one loop measures.
struct LoopMetrics: Sendable {
    private let kind: String
    private let passes: Labelled<Counter>
    private let duration: Histogram
    private let lateness: Histogram
    private let statusWrites: Counter
    private let relists: Counter

    init(_ metrics: MetricsRegistry, kind: String, counts: @escaping @Sendable () -> (Int, Int, Int)) {
        self.kind = kind
        passes = metrics.counter(
            "lodestone_reconcile_total", "Passes over records, by kind and how they ended.",
            labels: ["kind", "outcome"])
        duration =
            metrics.histogram(
                "lodestone_reconcile_duration_seconds", "Time of passes over records, without waiting in the queue.",
                labels: ["kind"])[kind]
        lateness =
            metrics.histogram(
                "lodestone_reconcile_lateness_seconds", "How long after its time a planned pass over a record began.",
                labels: ["kind"])[kind]
        statusWrites =
            metrics.counter(
                "lodestone_reconcile_writes_total", "Passes whose result differed from the record and was written.",
                labels: ["kind"])[kind]
        relists =
            metrics.counter(
                "lodestone_reconcile_relists_total", "Times a loop lost its place in the history and listed all anew.",
                labels: ["kind"])[kind]
        metrics.addCollector {
            let (waiting, running, timed) = counts()
            return [
                MetricFamily(
                    "lodestone_queue_keys", "Records in a loop's queue, by kind and what they wait for.",
                    samples: [
                        MetricSample(Double(waiting), ["kind": kind, "state": "waiting"]),
                        MetricSample(Double(running), ["kind": kind, "state": "running"]),
                        MetricSample(Double(timed), ["kind": kind, "state": "timed"]),
                    ])
            ]
        }
    }

    func passEnded(_ outcome: String, took: Duration) {
        passes[kind, outcome].add()
        duration.observe(took)
    }

    func began(late: Duration) {
        lateness.observe(late)
    }

    func wrote() {
        statusWrites.add()
    }

    func relisted() {
        relists.add()
    }
}
