import Model

/// The paths of fields, as `explain` takes them: `ec.spec.restore`.
enum FieldWords {
    /// The paths that begin with a text, one step further than it goes.
    static func after(_ typed: String) -> [String] {
        let steps = typed.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard steps.count > 1 else {
            return RegisteredKind.all.flatMap { [$0.kind.plural] + $0.kind.shortNames }
        }
        guard let kind = RegisteredKind.named(steps[0]) else { return [] }
        var schema = kind.schema
        for step in steps[1..<(steps.count - 1)] {
            guard let next = schema.properties.first(where: { $0.name == step }) else { return [] }
            schema = next.schema
        }
        let lead = steps.dropLast().joined(separator: ".")
        return schema.properties.map { "\(lead).\($0.name)" }
    }
}

extension Schema {
    /// The declared fields of an object, or of the objects in a list or map.
    var properties: [Property] {
        switch shape {
        case .object(let fields): fields
        case .array(let element), .map(let element): element.properties
        case .string, .integer, .number, .boolean, .any: []
        }
    }
}
