package import Model

/// A set of fields of a record, as a tree: whether the field itself belongs to the set, and which below it do.
///
/// A field and the fields in it are told apart, as in Kubernetes: who owns `.metadata.labels` need not own
/// `.metadata.labels.team`.
package struct FieldSet: Equatable, Sendable {
    /// Whether the field at the root of the tree belongs to the set.
    package var isOwned: Bool
    /// What of the set lies below; never an empty one.
    private var children: [FieldStep: FieldSet] = [:]

    /// A set of nothing, or of the root alone.
    package init(isOwned: Bool = false) {
        self.isOwned = isOwned
    }

    /// Whether there is nothing in it.
    package var isEmpty: Bool { !isOwned && children.isEmpty }

    /// What lies below a step; empty where there is nothing.
    package subscript(step: FieldStep) -> FieldSet {
        get { children[step] ?? FieldSet() }
        set { children[step] = newValue.isEmpty ? nil : newValue }
    }

    /// The fields, each as the steps that lead to it, in order.
    package var paths: [[FieldStep]] {
        var paths: [[FieldStep]] = isOwned ? [[]] : []
        for (step, set) in children.sorted(by: { $0.key < $1.key }) {
            paths += set.paths.map { [step] + $0 }
        }
        return paths
    }

    /// The fields of either set.
    package func union(_ other: FieldSet) -> FieldSet {
        var result = self
        result.isOwned = isOwned || other.isOwned
        for (step, set) in other.children {
            result[step] = self[step].union(set)
        }
        return result
    }

    /// The fields of both sets.
    package func intersection(_ other: FieldSet) -> FieldSet {
        var result = FieldSet(isOwned: isOwned && other.isOwned)
        for (step, set) in children {
            result[step] = set.intersection(other[step])
        }
        return result
    }

    /// The fields that are not in the other set.
    package func subtracting(_ other: FieldSet) -> FieldSet {
        guard !other.isEmpty else { return self }
        var result = FieldSet(isOwned: isOwned && !other.isOwned)
        for (step, set) in children {
            result[step] = set.subtracting(other[step])
        }
        return result
    }

    // MARK: As a document

    /// Reads `fieldsV1`; nil for what is none.
    package init?(document: Value) {
        guard let members = document.members else { return nil }
        self.init()
        for (key, value) in members {
            guard key != "." else {
                isOwned = true
                continue
            }
            guard let step = FieldStep(key), var set = FieldSet(document: value) else { return nil }
            if value.members?.isEmpty == true {
                set.isOwned = true
            }
            self[step] = self[step].union(set)
        }
    }

    /// The set as `fieldsV1` has it: a field with nothing below is `{}`, one with something below says `.`.
    package var document: Value {
        var members = Value.Members()
        if isOwned, !children.isEmpty {
            members.append(".", [:])
        }
        for (step, set) in children.sorted(by: { $0.key < $1.key }) {
            members.append(step.text, set.document)
        }
        return .object(members)
    }
}
