package import Model

/// One manager's apply to a record: first what the record would be, then, once that is checked, who owns it.
package struct Application: Sendable {
    /// The record as it would be: what is applied, and of the rest what the manager has not given up.
    package let document: Value

    private let rules: Ownership
    private let applied: Value
    private let live: Value?
    private let manager: FieldManager
    private let fields: FieldSet
    private let managed: ManagedFields

    /// Applies what a manager wants to what is there.
    ///
    /// - Parameters:
    ///   - applied: What the manager wants, without `managedFields`; a field that is null counts as not there.
    ///   - live: What is there; nil for nothing.
    ///   - manager: Who applies.
    ///   - rules: The rules for the record.
    package init(_ applied: Value, to live: Value?, by manager: String, _ rules: Ownership) {
        self.rules = rules
        self.applied = applied
        self.live = live
        self.manager = FieldManager(manager, .apply, subresource: rules.subresource)
        fields = rules.shape.fields(of: applied)
        var managed = Ownership.owners(of: live)
        if let live, managed.isEmpty {
            managed.note(
                FieldChanges(from: ["metadata": [:]], to: live, rules.shape), by: .beforeFirstApply,
                apiVersion: rules.apiVersion, at: rules.now)
        }
        self.managed = managed
        let merged = live.map { rules.shape.merged($0, with: applied) } ?? applied
        document =
            rules.shape.pruned(
                merged, of: managed.entries[self.manager]?.fields ?? FieldSet(),
                but: managed.fields(exceptOf: self.manager).union(fields)) ?? merged
    }

    /// The record with its owners.
    ///
    /// - Parameters:
    ///   - checked: ``document``, checked and with the server's defaults.
    ///   - isForced: Whether fields are taken from others.
    ///   - allowed: Fields that may be taken from others in any case.
    /// - Returns: The record to store; equal to the live one where nothing changes.
    /// - Throws: The conflicts with other owners, unless forced.
    package func owned(
        _ checked: Value, isForced: Bool, allowing allowed: FieldSet = FieldSet()
    ) throws(FieldConflicts) -> Value {
        let changes = FieldChanges(from: live ?? ["metadata": [:]], to: checked, rules.shape)
        let conflicts = managed.entries.sorted { $0.key < $1.key }.compactMap { other, entry -> FieldConflict? in
            let fields = entry.fields.intersection(changes.written)
            guard other != manager, !fields.isEmpty else { return nil }
            return FieldConflict(manager: other, apiVersion: entry.apiVersion, fields: fields)
        }
        if !isForced {
            let refused = conflicts.compactMap { conflict -> FieldConflict? in
                var conflict = conflict
                conflict.fields = conflict.fields.subtracting(allowed)
                return conflict.fields.isEmpty ? nil : conflict
            }
            guard refused.isEmpty else { throw FieldConflicts(conflicts: refused) }
        }
        var managed = managed
        managed.take(changes.written.union(changes.removed), exceptFrom: manager)
        managed.set(
            fields, of: manager, apiVersion: rules.apiVersion, at: rules.now,
            isNew: !changes.written.isEmpty)
        return Ownership.document(checked, with: managed)
    }
}
