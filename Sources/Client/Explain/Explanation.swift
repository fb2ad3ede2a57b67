import Model

/// What a kind or one of its fields is, in words, from the declarations by which records are read.
struct Explanation {
    private let kind: Kind
    /// The names on the way to the field.
    private let path: [String]
    private let schema: Schema
    private let description: String

    /// Finds what a path such as `ec.spec.restore` names.
    ///
    /// - Throws: `UsageError` that says which fields there are instead.
    init(_ text: String) throws {
        let steps = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let registered = try RegisteredKind.find(steps[0])
        kind = registered.kind
        path = Array(steps.dropFirst())
        var schema = registered.schema
        var description = registered.summary
        var walked = steps[0]
        for step in path {
            guard let property = schema.properties.first(where: { $0.name == step }) else {
                throw Self.unknown(step, below: walked, schema)
            }
            schema = property.schema
            description = property.description
            walked += ".\(step)"
        }
        self.schema = schema
        self.description = description
    }

    private static func unknown(_ step: String, below walked: String, _ schema: Schema) -> UsageError {
        let names = schema.properties.map(\.name)
        guard !names.isEmpty else {
            return UsageError("\(walked) has no fields of its own, so no \"\(step)\"", command: ExplainCommand.name)
        }
        let hint = closestWord(to: step, among: names).map { "did you mean \"\($0)\"?" }
        return UsageError(
            "\(walked) has no field \"\(step)\"; \(hint ?? "it has \(names.joined(separator: ", "))")",
            command: ExplainCommand.name)
    }

    /// The lines of the explanation, as kubectl arranges them.
    func lines(_ paint: Paint, recursive: Bool = false) -> [String] {
        var lines: [String] = []
        if !kind.group.isEmpty { lines.append("GROUP:      \(kind.group)") }
        lines += ["KIND:       \(kind.name)", "VERSION:    \(kind.version)", ""]
        if let name = path.last { lines += ["FIELD: \(paint(.bold, name)) <\(schema.typeName)>", ""] }
        lines += ["DESCRIPTION:"] + Self.wrapped(description, by: 4)
        for note in schema.notes { lines += Self.wrapped(note, by: 4) }
        let fields = schema.properties
        guard !fields.isEmpty else { return lines }
        lines += ["", "FIELDS:"]
        guard !recursive else { return lines + Self.tree(fields, depth: 1, paint) }
        for field in fields {
            lines.append(
                "  \(paint(.bold, field.name))\t<\(field.schema.typeName)>\(field.isRequired ? " -required-" : "")")
            lines += Self.wrapped(field.description, by: 4)
            for note in field.schema.notes { lines += Self.wrapped(note, by: 4) }
            lines.append("")
        }
        return lines
    }

    private static func tree(_ fields: [Schema.Property], depth: Int, _ paint: Paint) -> [String] {
        fields.flatMap { field in
            let line =
                String(repeating: "  ", count: depth) + paint(.bold, field.name) + "\t<\(field.schema.typeName)>"
                + (field.isRequired ? " -required-" : "")
            return [line] + tree(field.schema.properties, depth: depth + 1, paint)
        }
    }

    private static func wrapped(_ text: String, by indentation: Int) -> [String] {
        HelpText.wrap(text, width: 100).map { String(repeating: " ", count: indentation) + $0 }
    }
}

extension Schema {
    /// The type as kubectl writes it.
    var typeName: String {
        switch shape {
        case .string: "string"
        case .integer: "integer"
        case .number: "number"
        case .boolean: "boolean"
        case .array(let element): "[]\(element.typeName)"
        case .map(let element): "map[string]\(element.typeName)"
        case .object, .any: "Object"
        }
    }

    /// What else is known of a value: which words it can be, its limits, its default.
    var notes: [String] {
        var notes: [String] = []
        if case .string(let words, let format) = shape {
            if !words.isEmpty { notes.append("One of: \(words.joined(separator: ", ")).") }
            if format == "date-time" { notes.append("A time such as 2026-11-21T14:00:00Z.") }
        }
        switch (minimum, maximum) {
        case (let low?, let high?): notes.append("Between \(low) and \(high).")
        case (let low?, nil): notes.append("At least \(low).")
        case (nil, let high?): notes.append("At most \(high).")
        case (nil, nil): break
        }
        if let example { notes.append("Such as \(example).") }
        // The default of an object is that of its fields, which say it themselves.
        if let defaultValue, defaultValue.members == nil {
            notes.append("Default: \(defaultValue.string ?? defaultValue.json).")
        }
        return notes
    }
}
