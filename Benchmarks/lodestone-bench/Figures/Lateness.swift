/// How late planned passes began, as a histogram of the controller's metrics tells it.
struct Lateness {
    /// How many were at most so late, by seconds, as cumulative counts.
    private var counts: [(bound: Double, count: Double)] = []

    /// Reads a scrape.
    init(of kind: String, in metrics: String) {
        let prefix = "lodestone_reconcile_lateness_seconds_bucket{kind=\"\(kind)\",le=\""
        for line in metrics.split(separator: "\n") where line.hasPrefix(prefix) {
            let rest = line.dropFirst(prefix.count)
            guard let count = rest.split(separator: " ").last.flatMap({ Double($0) }) else { continue }
            counts.append((Double(rest.prefix { $0 != "\"" }) ?? .infinity, count))
        }
    }

    /// The bound below which a share of the passes since an earlier scrape lie.
    func quantile(_ share: Double, since earlier: Lateness) -> String {
        let new = counts.enumerated().map { index, entry in
            (entry.bound, entry.count - (index < earlier.counts.count ? earlier.counts[index].count : 0))
        }
        guard let total = new.last?.1, total > 0 else { return "–" }
        let bound = new.first { $0.1 >= share * total }?.0 ?? .infinity
        return bound.isFinite ? "≤ \(Text.seconds(bound))" : "> 60 s"
    }
}
