/// An object with declared fields; its list of fields is the only place that says how it is read, written, documented.
public protocol Structure: FieldValue {
    /// Creates the structure with every field at its default.
    init()

    /// The fields, in the order in which they are written and explained.
    static var fields: [Field<Self>] { get }
}

extension Structure {
    /// The object's schema, from its fields.
    public static var schema: Schema {
        let blank = Self()
        return Schema(
            .object(
                fields: fields.map { field in
                    var schema = field.schema
                    if !field.isRequired, case .some(let value) = field.encode(blank), !value.isVacant {
                        schema.defaultValue = value
                    }
                    return Schema.Property(
                        name: field.name, schema: schema, description: field.description, isRequired: field.isRequired)
                }))
    }

    /// Reads an object; every unknown, missing or wrong field is noted.
    public static func decode(_ value: Value, _ decoding: inout Decoding) -> Self? {
        guard case .object(let members) = value else {
            decoding.mismatch(expected: "an object", found: value)
            return nil
        }
        let before = decoding.problems.count
        let fields = Self.fields
        for key in members.keys where !fields.contains(where: { $0.name == key }) {
            // Help is for people; who sends more unknown fields than this is none.
            let isHelped = decoding.problems.count < 100
            decoding.within(key) {
                $0.problem(
                    .unknown, isHelped ? Self.unknownMessage(key, among: fields.map(\.name)) : "unknown field")
            }
        }
        var result = Self()
        for field in fields {
            field.decode(members[field.name], &result, &decoding)
        }
        return decoding.problems.count == before ? result : nil
    }

    /// The object: fields that hold nothing are left out, defaults are written so that they can be seen.
    public var encoded: Value {
        var members = Value.Members()
        for field in Self.fields {
            if let value = field.encode(self) { members.append(field.name, value) }
        }
        return .object(members)
    }

    private static func unknownMessage(_ name: String, among known: [String]) -> String {
        if let closest = closestWord(to: name, among: known) {
            return "unknown field \"\(name)\"; did you mean \"\(closest)\"?"
        }
        return "unknown field \"\(name)\"; known here are \(known.joined(separator: ", "))"
    }
}

/// A check on the value of a field, which also shows in the schema.
public struct Rule<Content: FieldValue>: Sendable {
    let violation: @Sendable (Content) -> (FieldProblem.Reason, String)?
    let refine: @Sendable (inout Schema) -> Void

    /// Creates a rule from a check that returns what is wrong, or nil.
    public init(
        refine: @escaping @Sendable (inout Schema) -> Void = { _ in },
        _ violation: @escaping @Sendable (Content) -> (FieldProblem.Reason, String)?
    ) {
        self.violation = violation
        self.refine = refine
    }
}

extension Rule where Content: FixedWidthInteger & Sendable {
    /// The number lies in a range.
    public static func range(_ range: ClosedRange<Content>) -> Rule {
        Rule {
            $0.minimum = Int64(clamping: range.lowerBound)
            $0.maximum = Int64(clamping: range.upperBound)
        } _: { value in
            range.contains(value)
                ? nil
                : (.invalid, "\(value) is out of range; it must be between \(range.lowerBound) and \(range.upperBound)")
        }
    }
}

extension Rule where Content == String {
    /// The text is not empty.
    public static var nonEmpty: Rule {
        Rule { $0.isEmpty ? (.required, "must not be empty") : nil }
    }
}

extension Rule where Content: Collection {
    /// The list or object has at most so many elements.
    public static func atMost(_ limit: Int) -> Rule {
        Rule { $0.count > limit ? (.invalid, "holds \($0.count) elements; at most \(limit) are allowed") : nil }
    }
}

extension Rule where Content: RangeReplaceableCollection, Content.Element: FieldValue {
    /// Each element belongs to who wrote it; this field of theirs tells them apart.
    public static func keyed(by key: String) -> Rule {
        Rule(refine: { $0.listType = .map(keys: [key]) }, { _ in nil })
    }

    /// Each element belongs to who wrote it.
    public static var set: Rule {
        Rule(refine: { $0.listType = .set }, { _ in nil })
    }
}

/// One field of a structure: name, meaning, and how it is read and written.
public struct Field<Root: Sendable>: Sendable {
    /// The name in documents.
    public let name: String
    /// What the field is for, in a sentence.
    public let description: String
    /// What it may hold.
    public let schema: Schema
    /// Whether it must be given.
    public let isRequired: Bool
    let decode: @Sendable (Value?, inout Root, inout Decoding) -> Void
    let encode: @Sendable (Root) -> Value?

    /// A field that always has a value; not given, it keeps the structure's default.
    public init<Content: FieldValue>(
        _ name: String, _ keyPath: any WritableKeyPath<Root, Content> & Sendable, _ description: String,
        required: Bool = false, _ rules: Rule<Content>...
    ) {
        self.init(name, description, required, rules, { $0[keyPath: keyPath].encoded }) { $0[keyPath: keyPath] = $1 }
    }

    /// A field that may have no value.
    public init<Content: FieldValue>(
        _ name: String, _ keyPath: any WritableKeyPath<Root, Content?> & Sendable, _ description: String,
        required: Bool = false, _ rules: Rule<Content>...
    ) {
        self.init(name, description, required, rules, { $0[keyPath: keyPath]?.encoded }) { $0[keyPath: keyPath] = $1 }
    }

    private init<Content: FieldValue>(
        _ name: String, _ description: String, _ required: Bool, _ rules: [Rule<Content>],
        _ read: @escaping @Sendable (Root) -> Value?, _ assign: @escaping @Sendable (inout Root, Content) -> Void
    ) {
        self.name = name
        self.description = description
        isRequired = required
        var schema = Content.schema
        for rule in rules {
            rule.refine(&schema)
        }
        self.schema = schema
        encode = { root in
            guard let value = read(root), !value.isVacant else { return nil }
            return value
        }
        decode = { value, root, decoding in
            guard let value, value != .null else {
                if required { decoding.within(name) { $0.problem(.required, "must be given: \(description)") } }
                return
            }
            decoding.within(name) { decoding in
                guard let content = Content.decode(value, &decoding) else { return }
                for rule in rules {
                    if let (reason, message) = rule.violation(content) { return decoding.problem(reason, message) }
                }
                assign(&root, content)
            }
        }
    }
}
