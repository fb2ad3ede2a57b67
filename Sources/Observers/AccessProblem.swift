/// Why a cluster cannot be reached with what its record says; a person must change a record.
public struct AccessProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// Why, in one word for programs.
    public let reason: String
    /// Which field, what is wrong, and the remedy.
    public let description: String

    /// Creates a problem.
    public init(reason: String, description: String) {
        self.reason = reason
        self.description = description
    }
}
