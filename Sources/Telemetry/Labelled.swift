import Synchronization

/// A thing that is measured and can say its samples.
protocol Instrument: AnyObject, Sendable {
    func samples(labels: [MetricLabel]) -> [MetricSample]
}

/// The series of one metric, told apart by label values.
///
/// `passes["EtcdCluster", "settled"].add()`. Looking a series up takes a short lock; a hot path keeps the series it
/// found. Series live until removed, so labels must come from small sets or be removed with the thing they name.
public final class Labelled<Series: AnyObject & Sendable>: Sendable {
    let names: [String]
    private let make: @Sendable () -> Series
    private let series = Mutex<[[String]: Series]>([:])

    init(names: [String], make: @escaping @Sendable () -> Series) {
        self.names = names
        self.make = make
    }

    /// The series with these label values, in the order the labels were declared; made at first use.
    public subscript(_ values: String...) -> Series {
        precondition(values.count == names.count, "expected a value for each of \(names)")
        return series.withLock { series in
            if let known = series[values] { return known }
            let new = make()
            series[values] = new
            return new
        }
    }

    /// Forgets every series whose label `name` has this value, as when the record it names is gone.
    public func remove(where name: String, is value: String) {
        guard let index = names.firstIndex(of: name) else { return }
        series.withLock { $0 = $0.filter { $0.key[index] != value } }
    }

    /// The samples of all series, ordered by label values.
    func samples(of read: (Series, [MetricLabel]) -> [MetricSample]) -> [MetricSample] {
        let all = series.withLock { Array($0) }
        return all.sorted { $0.key.lexicographicallyPrecedes($1.key) }.flatMap { values, series in
            read(series, zip(names, values).map { MetricLabel($0, $1) })
        }
    }
}
