public import Model
public import Store

/// The rules on writing and removing records that go beyond what a record says of itself: what may not change, what
/// must exist, what is not built yet, what would be lost.
///
/// The API asks them before every create, update, patch and delete, also for dry runs; the composition root supplies
/// them.
public struct Admission: Sendable {
    /// What is wrong with a write: the record as it would be stored, the one it replaces (nil for a new one), the kind.
    public var problems: @Sendable (_ new: Value, _ old: Value?, _ kind: Kind) async -> [FieldProblem]
    /// What must hold of all records once a record is written among them, such as their number; nil for nothing.
    ///
    /// Judged within the write, so that it holds however many write at once.
    public var condition: @Sendable (_ new: Value, _ old: Value?, _ kind: Kind) -> WriteCondition? = { _, _, _ in nil }
    /// What the writer of a record should know though it may be written.
    public var warnings: @Sendable (_ new: Value, _ kind: Kind) async -> [String] = { _, _ in [] }
    /// Why a record may not be removed, in a sentence; nil if it may.
    public var objection: @Sendable (_ record: Value, _ kind: Kind) async -> String? = { _, _ in nil }

    /// Creates the rules; all others allow everything until they are set.
    ///
    /// - Parameter problems: What is wrong with a write; empty if it may be done.
    public init(problems: @escaping @Sendable (_ new: Value, _ old: Value?, _ kind: Kind) async -> [FieldProblem]) {
        self.problems = problems
    }

    /// No rules: every record that is valid in itself may be written and removed.
    public static let everything = Admission { _, _, _ in [] }
}
