/// Who owns fields of a record, and by which way of writing.
///
/// One client may be two managers: what it applies and what it writes otherwise are owned apart, as in Kubernetes.
package struct FieldManager: Hashable, Sendable, Comparable {
    /// The ways of writing.
    package enum Operation: String, Sendable {
        /// What the manager applies is all it wants: what it leaves out later, it gives up.
        case apply = "Apply"
        /// The manager owns what it has changed.
        case update = "Update"
    }

    /// The name the client gave, or that of its program.
    package let name: String
    /// How it wrote.
    package let operation: Operation
    /// The part of the record it wrote by a path of its own, such as `status`; empty for the record itself.
    package let subresource: String

    package init(_ name: String, _ operation: Operation, subresource: String = "") {
        self.name = name
        self.operation = operation
        self.subresource = subresource
    }

    /// What stands for all who wrote before the first apply to a record whose owners were not known.
    static let beforeFirstApply = FieldManager("before-first-apply", .update)

    /// What stands for those whose last writes are the longest ago, where they are too many.
    static let ancientChanges = FieldManager("ancient-changes", .update)

    package static func < (left: FieldManager, right: FieldManager) -> Bool {
        (left.operation.rawValue, left.name, left.subresource)
            < (right.operation.rawValue, right.name, right.subresource)
    }
}
