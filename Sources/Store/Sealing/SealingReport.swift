/// What was sealed anew when a store was opened.
public struct SealingReport: Sendable, Equatable {
    /// How many rows of records and history were in clear or under older keys.
    public internal(set) var rows = 0
    /// Whether nothing of how they were is left in the file; otherwise the next opening sees to it.
    public internal(set) var isSwept = true
}
