/// What a field may hold, in the terms of OpenAPI, generated from the Swift types by their field declarations.
public struct Schema: Sendable, Equatable {
    /// The shapes a value can have.
    public indirect enum Shape: Sendable, Equatable {
        /// Text, possibly one of a closed set, possibly of a named format such as `date-time`.
        case string(oneOf: [String], format: String?)
        /// A whole number.
        case integer
        /// Any number.
        case number
        /// A truth value.
        case boolean
        /// A list of one shape.
        case array(of: Schema)
        /// An object with free names and one shape of value.
        case map(of: Schema)
        /// An object with declared fields.
        case object(fields: [Property])
        /// Anything, kept as it is.
        case any
    }

    /// One declared field of an object.
    public struct Property: Sendable, Equatable {
        /// The field's name.
        public let name: String
        /// What the field holds.
        public let schema: Schema
        /// What the field is for, in a sentence.
        public let description: String
        /// Whether it must be given.
        public let isRequired: Bool
    }

    /// How the elements of a list belong to those who write them (Kubernetes' `x-kubernetes-list-type`).
    public enum ListType: Sendable, Equatable {
        /// All together: who writes the list writes all of it.
        case atomic
        /// One by one, told apart by what they are.
        case set
        /// One by one, told apart by some of their fields.
        case map(keys: [String])
    }

    /// The shape.
    public var shape: Shape
    /// How a list's elements belong to those who write them.
    public var listType = ListType.atomic
    /// The smallest number allowed, if there is one.
    public var minimum: Int64?
    /// The largest number allowed, if there is one.
    public var maximum: Int64?
    /// A value's text form by example, for documentation, such as `30s`.
    public var example: String?
    /// What the field holds if nothing is given.
    public var defaultValue: Value?

    /// Creates a schema of a shape.
    public init(_ shape: Shape, example: String? = nil) {
        self.shape = shape
        self.example = example
    }
}
