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
        for part in SelectorText.parts(of: text) {
            guard let (field, isNegated, value) = SelectorText.comparison(part), !field.isEmpty else {
                throw .invalid(nil, reason: "unable to parse the field selector \"\(text)\" at \"\(part)\"")
            }
            requirements.append(Requirement(field: field, value: value, isNegated: isNegated))
        }
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
