public import Model

/// A condition on fields of records: `metadata.name=orders,involvedObject.kind!=Node`.
public struct FieldSelector: Sendable, Equatable {
    /// One comparison; all of them must hold.
    ///
    /// A missing field is compared as empty text.
    public struct Requirement: Sendable, Equatable {
        /// The field, its members joined by dots.
        public let field: String
        /// The text it is compared with.
        public let value: String
        /// Whether it must differ.
        public let isNegated: Bool
    }

    /// The comparisons; without any, every record is selected.
    public var requirements: [Requirement]

    /// A selector of records whose fields have these values.
    public init(_ fields: [String: String] = [:]) {
        requirements = fields.sorted { $0.key < $1.key }.map {
            Requirement(field: $0.key, value: $0.value, isNegated: false)
        }
    }

    /// Whether every record is selected.
    public var isEmpty: Bool { requirements.isEmpty }

    /// Reads the text form.
    ///
    /// - Throws: ``StoreError/invalid(_:reason:)`` that shows the part that cannot be read. Which fields a kind can be
    ///   selected by is for the caller to judge.
    public init(_ text: String) throws(StoreError) {
        requirements = []
        for part in Self.parts(of: text) where !SelectorText.trimmed(part[...]).isEmpty {
            guard let (field, isNegated, escaped) = SelectorText.comparison(part), !field.isEmpty,
                let value = Self.unescaped(escaped)
            else {
                throw .invalid(nil, reason: "unable to parse the field selector \"\(text)\" at \"\(part)\"")
            }
            requirements.append(Requirement(field: field, value: value, isNegated: isNegated))
        }
    }

    /// The parts between commas that no backslash stands before.
    private static func parts(of text: String) -> [String] {
        var parts = [""]
        var isEscaped = false
        for character in text {
            if character == ",", !isEscaped {
                parts.append("")
            } else {
                parts[parts.count - 1].append(character)
            }
            isEscaped = character == "\\" && !isEscaped
        }
        return parts
    }

    /// A value without the backslashes before `\\`, `,` and `=`, which must not stand alone (as apimachinery's
    /// `fields.UnescapeValue` has it); nil for any other escape.
    private static func unescaped(_ text: String) -> String? {
        var value = ""
        var isEscaped = false
        for character in text {
            switch (character, isEscaped) {
            case ("\\", false): isEscaped = true
            case ("\\", true), (",", true), ("=", true):
                value.append(character)
                isEscaped = false
            case (_, true), (",", false), ("=", false): return nil
            default: value.append(character)
            }
        }
        return isEscaped ? nil : value
    }

    /// Whether a document fulfils every comparison.
    public func matches(_ document: Value) -> Bool {
        requirements.allSatisfy { requirement in
            var value: Value? = document
            for member in requirement.field.split(separator: ".") { value = value?[String(member)] }
            return (value?.string ?? "") == requirement.value ? !requirement.isNegated : requirement.isNegated
        }
    }
}
