import Glibc
import Testing

@testable import Telemetry

struct MetricsTests {
    @Test("The exposition has help, type and escaped labels, ordered by name")
    func exposition() async {
        let metrics = MetricsRegistry()
        let passes = metrics.counter("passes_total", "Passes by\noutcome \\ kind.", labels: ["kind", "outcome"])
        passes["B", "failed"].add()
        passes["A", "odd \"\\\n"].add(2.5)
        metrics.gauge("depth", "Keys waiting.").set(-3)
        let took = metrics.histogram("took_seconds", "Time.", buckets: HistogramBuckets([0.5, 1]))
        for value in [0.5, 0.6, 7] { took.observe(value) }
        #expect(
            await text(of: metrics) == """
                # HELP depth Keys waiting.
                # TYPE depth gauge
                depth -3
                # HELP passes_total Passes by\\noutcome \\\\ kind.
                # TYPE passes_total counter
                passes_total{kind="A",outcome="odd \\"\\\\\\n"} 2.5
                passes_total{kind="B",outcome="failed"} 1
                # HELP took_seconds Time.
                # TYPE took_seconds histogram
                took_seconds_bucket{le="0.5"} 1
                took_seconds_bucket{le="1"} 2
                took_seconds_bucket{le="+Inf"} 3
                took_seconds_sum 8.1
                took_seconds_count 3

                """)
    }

    @Test(
        "Numbers are written as the format wants them",
        arguments: [
            (0, "0"), (1e15, "1000000000000000"), (0.25, "0.25"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
            (.nan, "NaN"), (1e300, "1e+300"),
        ] as [(Double, String)])
    func numbers(value: Double, expected: String) {
        #expect(PrometheusText.number(value) == expected)
    }

    @Test("Additions of many tasks are all counted")
    func concurrency() async {
        let metrics = MetricsRegistry()
        let counter = metrics.counter("events_total", "Events.")
        let took = metrics.histogram("took_seconds", "Time.")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<5000 {
                        counter.add()
                        took.observe(.milliseconds(3))
                    }
                }
            }
        }
        #expect(counter.value == 40_000)
        #expect(took.count == 40_000)
    }

    @Test("Asking twice gives the same metric, and removed series are gone")
    func registration() async {
        let metrics = MetricsRegistry()
        metrics.counter("a_total", "A.", labels: ["cluster"])["orders"].add()
        let again = metrics.counter("a_total", "A.", labels: ["cluster"])
        #expect(again["orders"].value == 1)
        again["users"].add()
        again.remove(where: "cluster", is: "orders")
        #expect(await text(of: metrics).split(separator: "\n").last == "a_total{cluster=\"users\"} 1")
        again.remove(where: "cluster", is: "users")
        #expect(await text(of: metrics).isEmpty)
    }

    @Test("Collectors are asked at each scrape and join families of the same name")
    func collectors() async {
        let metrics = MetricsRegistry()
        let asked = metrics.counter("asked_total", "Asked.")
        metrics.gauge("records", "Records.", labels: ["kind"])["A"].set(1)
        metrics.addCollector {
            asked.add()
            return [MetricFamily("records", "Records.", samples: [MetricSample(asked.value, ["kind": "B"])])]
        }
        #expect(await text(of: metrics).contains("records{kind=\"A\"} 1\nrecords{kind=\"B\"} 1\n"))
        #expect(await text(of: metrics).contains("records{kind=\"B\"} 2\n"))
    }

    @Test("The process reports its memory, time, threads, descriptors and start")
    func process() throws {
        let families = ProcessMetrics.families()
        #expect(families.count == 5)
        var values: [String: Double] = [:]
        for family in families { values[family.name] = try #require(family.samples.first).value }
        #expect(try #require(values["process_resident_memory_bytes"]) > 1_000_000)
        #expect(try #require(values["process_cpu_seconds_total"]) >= 0)
        #expect(try #require(values["process_open_fds"]) >= 3)
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let age = Double(now.tv_sec) - (try #require(values["process_start_time_seconds"]))
        #expect((-2...3600).contains(age))
    }

    @Test(
        "promtool finds nothing to say about the exposition",
        .enabled(if: access("/usr/bin/promtool", X_OK) == 0, "promtool (Debian package prometheus) is not installed"))
    func promtool() async throws {
        let metrics = MetricsRegistry()
        metrics.counter("lodestone_passes_total", "Passes of reconcilers.", labels: ["kind"])["a\"b\\c\nd"].add()
        metrics.gauge("lodestone_store_records", "Records in the store.").set(10)
        metrics.histogram("lodestone_pass_duration_seconds", "Time of passes.", labels: ["kind"])["x"].observe(0.3)
        metrics.histogram("lodestone_backup_size_bytes", "Sizes of backups.", buckets: .size).observe(1e6)
        metrics.addCollector(ProcessMetrics.collector)
        let path = "/tmp/lodestone-metrics-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        defer {
            unlink(path)
            unlink(path + ".out")
        }
        let file = try #require(fopen(path, "w"))
        let body = await metrics.exposition()
        #expect(fwrite(body, 1, body.count, file) == body.count)
        fclose(file)
        let status = system("/usr/bin/promtool check metrics < \(path) > \(path).out 2>&1")
        #expect(try readText(path + ".out") == "")
        #expect(status == 0)
    }

    private func text(of metrics: MetricsRegistry) async -> String {
        String(decoding: await metrics.exposition(), as: UTF8.self)
    }
}
