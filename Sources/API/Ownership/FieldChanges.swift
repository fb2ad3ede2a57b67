package import Model

/// What one state of a record has that another has not, or has differently.
package struct FieldChanges: Equatable, Sendable {
    /// Fields only the new state has.
    package var added = FieldSet()
    /// Fields with another value.
    package var modified = FieldSet()
    /// Fields only the old state has.
    package var removed = FieldSet()

    /// Fields that hold something now which they did not hold before.
    package var written: FieldSet { added.union(modified) }

    /// Whether both states say the same.
    package var isEmpty: Bool { added.isEmpty && modified.isEmpty && removed.isEmpty }

    fileprivate init() {}

    /// Compares two states of a value.
    package init(from old: Value, to new: Value, _ shape: FieldShape) {
        switch (shape.parts(of: old), shape.parts(of: new)) {
        case (let oldParts?, let newParts?):
            let before = Dictionary(oldParts.map { ($0.step, $0) }) { _, last in last }
            let after = Dictionary(newParts.map { ($0.step, $0) }) { _, last in last }
            for (step, part) in after {
                if let former = before[step] {
                    put(FieldChanges(from: former.value, to: part.value, part.shape), at: step)
                } else {
                    added[step] = Self.all(of: part.value, part.shape)
                }
            }
            for (step, part) in before where after[step] == nil {
                removed[step] = Self.all(of: part.value, part.shape)
            }
        default: modified.isOwned = old != new
        }
    }

    private mutating func put(_ changes: FieldChanges, at step: FieldStep) {
        added[step] = changes.added
        modified[step] = changes.modified
        removed[step] = changes.removed
    }

    /// A value with all there is in it.
    private static func all(of value: Value, _ shape: FieldShape) -> FieldSet {
        var set = FieldSet(isOwned: true)
        for part in shape.parts(of: value) ?? [] {
            set[part.step] = all(of: part.value, part.shape)
        }
        return set
    }
}
