package import Model

/// One step on the way to a field, as Kubernetes' `FieldsV1` writes it: into a member (`f:`), to the element of a list
/// with certain keys (`k:`) or of a certain value (`v:`), or by index (`i:`, which this server never writes).
package struct FieldStep: Hashable, Sendable, Comparable, CustomStringConvertible {
    private enum Form: String {
        case member = "f"
        case keys = "k"
        case value = "v"
        case index = "i"
    }

    private let form: Form
    /// The member's name; for elements JSON, members ordered by name so that equal steps are equal texts.
    private let content: String

    private init(_ form: Form, _ content: String) {
        self.form = form
        self.content = content
    }

    /// The step into a member.
    package static func member(_ name: String) -> FieldStep {
        FieldStep(.member, name)
    }

    /// The step to the element of a list that a set of keys tells apart; keys it lacks are left out.
    package static func element(_ element: Value, keys: [String]) -> FieldStep {
        var members = Value.Members()
        for key in keys {
            if let value = element[key] {
                members.append(key, value)
            }
        }
        return FieldStep(.keys, ordered(.object(members)).json)
    }

    /// The step to the element of a set.
    package static func element(_ value: Value) -> FieldStep {
        FieldStep(.value, ordered(value).json)
    }

    /// Reads a step; nil for what is none.
    init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let form = Form(rawValue: String(parts[0])) else { return nil }
        let content = String(parts[1])
        switch form {
        case .member: self.init(form, content)
        case .keys, .value:
            guard let value = try? Value(json: content), form == .value || value.members != nil else { return nil }
            self.init(form, Self.ordered(value).json)
        case .index:
            guard Int(content) != nil else { return nil }
            self.init(form, content)
        }
    }

    /// The name, if this is a step into a member.
    var memberName: String? { form == .member ? content : nil }

    /// As `FieldsV1` writes it.
    var text: String { "\(form.rawValue):\(content)" }

    /// As Kubernetes shows it in the path of a field: `.size`, `[type="Ready"]`.
    package var description: String {
        switch form {
        case .member: ".\(content)"
        case .index: "[\(content)]"
        case .value: "[=\(content)]"
        case .keys:
            "["
                + ((try? Value(json: content))?.members ?? [:]).map { "\($0.key)=\($0.value.json)" }
                .joined(separator: ",") + "]"
        }
    }

    /// Orders as Kubernetes does: by form, then by content.
    package static func < (left: FieldStep, right: FieldStep) -> Bool {
        (left.form.rawValue, left.content) < (right.form.rawValue, right.content)
    }

    private static func ordered(_ value: Value) -> Value {
        switch value {
        case .object(let members):
            var sorted = Value.Members()
            for (key, value) in members.sorted(by: { $0.key < $1.key }) {
                sorted.append(key, ordered(value))
            }
            return .object(sorted)
        case .array(let elements): return .array(elements.map(ordered))
        default: return value
        }
    }
}
