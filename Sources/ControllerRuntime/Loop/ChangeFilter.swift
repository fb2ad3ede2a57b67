public import Model
internal import Store

/// A judgement on which changes of a record are worth a pass.
public struct ChangeFilter: Sendable {
    private let isWanted: @Sendable (_ old: Value, _ new: Value) -> Bool

    /// A filter by a judgement on the documents before and after.
    public init(_ isWanted: @escaping @Sendable (_ old: Value, _ new: Value) -> Bool) {
        self.isWanted = isWanted
    }

    func accepts(_ new: Record, from old: Record) -> Bool {
        isWanted(old.document, new.document)
    }

    /// Every change.
    public static let any = ChangeFilter { _, _ in true }

    /// Changes of anything but the status and the store's own bookkeeping: what people change, and finalizers.
    ///
    /// A loop that listens to its own status writes would never rest.
    public static let exceptStatus = ChangeFilter { old, new in
        declared(old) != declared(new)
    }

    /// Changes of the status.
    public static let status = ChangeFilter { old, new in old["status"] != new["status"] }

    /// A new generation, that is, a changed spec.
    public static let generation = ChangeFilter { old, new in
        old[path: "metadata", "generation"] != new[path: "metadata", "generation"]
    }

    /// The wish to remove the record.
    public static let deletion = ChangeFilter { old, new in
        old[path: "metadata", "deletionTimestamp"] != new[path: "metadata", "deletionTimestamp"]
    }

    /// Changes either filter wants.
    public static func || (left: ChangeFilter, right: ChangeFilter) -> ChangeFilter {
        ChangeFilter { left.isWanted($0, $1) || right.isWanted($0, $1) }
    }

    /// Changes both filters want.
    public static func && (left: ChangeFilter, right: ChangeFilter) -> ChangeFilter {
        ChangeFilter { left.isWanted($0, $1) && right.isWanted($0, $1) }
    }

    /// Changes the filter does not want.
    public static prefix func ! (filter: ChangeFilter) -> ChangeFilter {
        ChangeFilter { !filter.isWanted($0, $1) }
    }

    private static func declared(_ document: Value) -> Value {
        var document = document
        document["status"] = nil
        guard var metadata = document["metadata"] else { return document }
        for bookkeeping in ["resourceVersion", "managedFields"] { metadata[bookkeeping] = nil }
        document["metadata"] = metadata
        return document
    }
}
