public import Model

/// Decides when members may be compared by hash again.
///
/// HashKV and counting keys stop the writes of the member asked for as long as they take, which grows with the data. So
/// the time they take is kept below one part in a hundred of all time, whatever interval a person asks for; until
/// they are due again, only revisions are compared.
public struct ComparisonBudget: Sendable, Equatable {
    /// The share of time a member may spend on being compared, as one part in so many.
    static let share = 100

    private var lastEnd: Timestamp?
    private var lastDuration = Duration.zero

    /// Creates a budget of which nothing is spent.
    public init() {}

    /// Whether the members may be compared now.
    public func isDue(at now: Timestamp) -> Bool {
        guard let lastEnd else { return true }
        return now - lastEnd >= lastDuration * Self.share || now < lastEnd
    }

    /// Notes a comparison in which the member asked longest took `duration`.
    public mutating func spend(_ duration: Duration, endingAt now: Timestamp) {
        lastEnd = now
        lastDuration = duration
    }
}
