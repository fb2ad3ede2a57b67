/// One thing that must be well before the controller counts as ready.
public struct ReadinessCheck: Sendable {
    /// What is checked, in one word.
    public let name: String
    /// Why it is not well, in a sentence; nil if it is.
    public let problem: @Sendable () async -> String?

    /// Creates a check.
    ///
    /// - Parameters:
    ///   - name: What is checked, in one word.
    ///   - problem: Why it is not well; asked at every probe, and to be answered within two
    ///     seconds.
    public init(_ name: String, problem: @escaping @Sendable () async -> String?) {
        self.name = name
        self.problem = problem
    }
}
