/// The median of some measurements, with the smallest and the largest.
struct Spread {
    let median: Double
    let smallest: Double
    let largest: Double

    /// Looks at measurements; of none, everything is zero.
    init(_ values: [Double]) {
        let sorted = values.sorted()
        smallest = sorted.first ?? 0
        largest = sorted.last ?? 0
        let middle = sorted.count / 2
        median =
            sorted.isEmpty ? 0 : sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// The median, and the ends in brackets if there is more than one measurement.
    func text(_ format: (Double) -> String) -> String {
        smallest == largest ? format(median) : "\(format(median)) (\(format(smallest))–\(format(largest)))"
    }
}
