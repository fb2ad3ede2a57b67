package import Model

/// How the fields of a value are owned: as a whole, or one by one.
package indirect enum FieldShape: Sendable {
    /// As a whole: numbers and texts, and lists whose elements have no identity.
    case whole
    /// Field by field.
    case object([String: Property])
    /// Name by name.
    case map(of: FieldShape)
    /// Element by element, told apart by some of their fields.
    case list(of: FieldShape, keys: [String])
    /// Element by element, told apart by what they are.
    case set

    /// A declared field.
    package struct Property: Sendable {
        /// How its value is owned.
        let shape: FieldShape
        /// What the server fills in.
        let defaultValue: Value?

        package init(_ shape: FieldShape, defaultValue: Value? = nil) {
            self.shape = shape
            self.defaultValue = defaultValue
        }
    }

    /// The shape that goes with a schema.
    package init(_ schema: Schema) {
        switch (schema.shape, schema.listType) {
        case (.object(let fields), _):
            self = .object(
                Dictionary(
                    fields.map {
                        ($0.name, Property(FieldShape($0.schema), defaultValue: $0.schema.defaultValue))
                    }
                ) { first, _ in first })
        case (.map(let element), _): self = .map(of: FieldShape(element))
        case (.array, .set): self = .set
        case (.array(let element), .map(let keys)): self = .list(of: FieldShape(element), keys: keys)
        default: self = .whole
        }
    }

    /// What the server sets, whoever writes: nobody owns it (Kubernetes strips the same fields).
    private static let serverFields = [
        "name", "generateName", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp",
        "deletionTimestamp", "managedFields",
    ]

    /// The fields of a kind's records that can be written, and so owned, at the record's own path or at that of its
    /// status.
    package static func record(_ schema: Schema, ofStatus: Bool) -> FieldShape {
        guard case .object(var properties) = FieldShape(schema) else { return .whole }
        properties = properties.filter { ($0.key == "status") == ofStatus }
        if ofStatus {
            // What a document says of the record itself may be merged, but belongs to nobody here.
            properties["metadata"] = Property(.object([:]))
        } else if case .object(var metadata)? = properties["metadata"]?.shape {
            for field in serverFields {
                metadata[field] = nil
            }
            properties["metadata"] = Property(.object(metadata))
        }
        return .object(properties)
    }

    /// What a value consists of, with the step to each part; nil where it is owned as a whole.
    ///
    /// Members that are not declared are left out: they are dropped or refused when the record is checked.
    func parts(of value: Value) -> [(step: FieldStep, value: Value, shape: FieldShape)]? {
        switch (self, value) {
        case (.object(let properties), .object(let members)):
            members.compactMap { key, value in
                properties[key].map { (.member(key), value, $0.shape) }
            }
        case (.map(let shape), .object(let members)):
            members.map { key, value in (.member(key), value, shape) }
        case (.list(let shape, let keys), .array(let elements)):
            elements.map { (.element($0, keys: keys), $0, shape) }
        case (.set, .array(let elements)):
            elements.map { (.element($0), $0, .whole) }
        default: nil
        }
    }

    /// The fields a manager owns by applying a value (`ToFieldSet` of Kubernetes' structured merge): what holds
    /// something by itself, names of maps and elements of lists, but not the objects that declared fields lie in.
    package func fields(of value: Value) -> FieldSet {
        guard let parts = parts(of: value) else { return FieldSet(isOwned: true) }
        var isDeclared = false
        if case .object = self { isDeclared = true }
        var set = FieldSet()
        for part in parts {
            var own = part.shape.fields(of: part.value)
            if !isDeclared || part.value.members?.isEmpty == true {
                own.isOwned = true
            }
            set[part.step] = set[part.step].union(own)
        }
        return set
    }
}
