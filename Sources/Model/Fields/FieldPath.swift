/// Where in a record a field stands, written as Kubernetes writes it: `spec.members[0].name`.
public struct FieldPath: Sendable, Hashable, CustomStringConvertible, ExpressibleByStringLiteral {
    /// One step of a path.
    public enum Step: Sendable, Hashable {
        /// Into the member of an object.
        case member(String)
        /// Into an element of a list.
        case element(Int)
    }

    /// The steps from the root of the record.
    public var steps: [Step]

    /// Creates a path from its steps.
    public init(_ steps: [Step] = []) {
        self.steps = steps
    }

    /// Creates a path from dotted member names.
    public init(stringLiteral value: String) {
        steps = value.split(separator: ".").map { .member(String($0)) }
    }

    /// This path with one more member name.
    public func appending(_ member: String) -> FieldPath {
        FieldPath(steps + [.member(member)])
    }

    /// This path with one more element index.
    public func appending(_ index: Int) -> FieldPath {
        FieldPath(steps + [.element(index)])
    }

    /// The path as text.
    public var description: String {
        var text = ""
        for step in steps {
            switch step {
            case .member(let name):
                if name.contains(".") || name.contains("/") {
                    text += "[\(name)]"
                } else {
                    text += text.isEmpty ? name : ".\(name)"
                }
            case .element(let index): text += "[\(index)]"
            }
        }
        return text
    }
}

/// One thing wrong with one field of a record.
public struct FieldProblem: Sendable, Hashable, CustomStringConvertible {
    /// The kinds of problems, named as Kubernetes names the causes of an invalid object.
    public enum Reason: String, Sendable, Hashable {
        /// The field does not exist in this kind.
        case unknown = "FieldValueUnknown"
        /// The field must be given.
        case required = "FieldValueRequired"
        /// The value has the wrong type or is out of range.
        case invalid = "FieldValueInvalid"
        /// The value is none of those possible.
        case unsupported = "FieldValueNotSupported"
        /// The value may not be set or changed here.
        case forbidden = "FieldValueForbidden"
        /// What the value names is not there.
        case missing = "FieldValueNotFound"
        /// The value must be unique and is not.
        case duplicate = "FieldValueDuplicate"
    }

    /// The field.
    public let path: FieldPath
    /// What kind of problem it is.
    public let reason: Reason
    /// What is wrong and what would be right, without the path.
    public let message: String

    /// Creates a problem.
    public init(_ path: FieldPath, _ reason: Reason, _ message: String) {
        self.path = path
        self.reason = reason
        self.message = message
    }

    /// The path and what is wrong.
    public var description: String { "\(path): \(message)" }
}

/// A record that cannot be accepted, with everything that is wrong with it at once.
public struct InvalidRecord: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind the record claims, as far as it could be read.
    public let kind: String
    /// The name the record claims, as far as it could be read.
    public let name: String
    /// What is wrong, in the order of the fields.
    public let problems: [FieldProblem]

    /// Creates the error.
    public init(kind: String, name: String, problems: [FieldProblem]) {
        self.kind = kind
        self.name = name
        self.problems = problems
    }

    /// One sentence for one problem, a list for several.
    public var description: String {
        let subject = "\(kind) \"\(name)\" is invalid"
        if let only = problems.first, problems.count == 1 { return "\(subject): \(only)" }
        return "\(subject):" + problems.map { "\n* \($0)" }.joined()
    }
}
