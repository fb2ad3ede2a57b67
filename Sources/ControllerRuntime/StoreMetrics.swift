public import Store
public import Telemetry

/// What the store holds and does, as metrics.
public enum StoreMetrics {
    /// A collector that asks the store at each scrape; nothing while it is closed.
    public static func collector(of store: RecordStore) -> MetricsRegistry.Collector {
        {
            do {
                return families(of: try await store.figures())
            } catch {
                return []  // A scrape during the stop of the controller; the absence of the metrics says it.
            }
        }
    }

    private static func families(of figures: StoreFigures) -> [MetricFamily] {
        func family(_ name: String, _ help: String, _ kind: MetricFamily.Kind, _ value: Double) -> MetricFamily {
            MetricFamily("lodestone_store_\(name)", help, kind: kind, samples: [MetricSample(value)])
        }
        let writes = figures.writes
        return [
            MetricFamily(
                "lodestone_store_records", "Records in the store, by kind.",
                samples: figures.records.sorted { $0.key < $1.key }.map {
                    MetricSample(Double($0.value), ["kind": $0.key])
                }
            ),
            family("revision", "Newest revision of the store.", .gauge, Double(figures.revision)),
            family(
                "compacted_revision", "Revision up to which history is forgotten.", .gauge,
                Double(figures.compactedRevision)),
            family("watches", "Watches that wait for a change.", .gauge, Double(figures.watchers)),
            family("file_bytes", "Size of the store's file.", .gauge, Double(figures.fileBytes)),
            family("wal_bytes", "Size of the store's write-ahead log.", .gauge, Double(figures.logBytes)),
            family(
                "writes_total", "Writes asked for, refused and empty ones included.", .counter, Double(writes.writes)),
            family("changes_total", "Records added, modified or deleted.", .counter, Double(writes.changes)),
            family("commits_total", "Commits that reached the disk.", .counter, Double(writes.commits)),
            family("commit_failures_total", "Commits that failed.", .counter, Double(writes.failedCommits)),
            family(
                "commit_seconds_total", "Time spent waiting for commits to reach the disk.", .counter,
                writes.commitTime / .seconds(1)),
        ]
    }
}
