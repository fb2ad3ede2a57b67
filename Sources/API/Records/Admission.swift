public import Model

/// The rules on writing records that go beyond what a record says of itself: what may not change, what must exist,
/// what is not built yet.
///
/// The API asks them before every create, update and patch, also for dry runs; the composition root supplies them.
public struct Admission: Sendable {
    /// What is wrong with a write: the record as it would be stored, the one it replaces (nil for a new one), the kind.
    public var problems: @Sendable (_ new: Value, _ old: Value?, _ kind: Kind) async -> [FieldProblem]

    /// Creates the rules.
    ///
    /// - Parameter problems: What is wrong with a write; empty if it may be done.
    public init(problems: @escaping @Sendable (_ new: Value, _ old: Value?, _ kind: Kind) async -> [FieldProblem]) {
        self.problems = problems
    }

    /// No rules: every record that is valid in itself may be written.
    public static let everything = Admission { _, _, _ in [] }
}
