import Telemetry
import Transport

/// What is measured of the API.
struct APIMeasurements: Sendable {
    private let requests: Labelled<Counter>
    private let durations: Labelled<Histogram>

    init(_ registry: MetricsRegistry, watches: WatchBoard) {
        requests = registry.counter(
            "lodestone_api_requests_total", "Requests answered by the API.", labels: ["verb", "resource", "code"])
        durations = registry.histogram(
            "lodestone_api_request_duration_seconds", "Time to answer, watches aside.", labels: ["verb", "resource"])
        registry.addCollector {
            [
                MetricFamily(
                    "lodestone_api_watches", "Watches that are open.", samples: [MetricSample(Double(watches.count))])
            ]
        }
    }

    func note(_ request: HTTPServerRequest, resource: String, _ response: HTTPServerResponse, took: Duration) {
        // Labels come from small sets only: whatever a client invents is one word.
        let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"].contains(request.method)
        let verb = known ? request.method : "other"
        requests[verb, resource, String(response.status)].add()
        if case .bytes = response.body {
            durations[verb, resource].observe(took)
        }
    }
}
