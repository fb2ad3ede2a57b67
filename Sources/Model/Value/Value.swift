/// A JSON document as a value: what manifests, the store and the API exchange before a record has its type.
public enum Value: Sendable, Equatable {
    /// The JSON literal `null`.
    case null
    /// A JSON boolean.
    case bool(Bool)
    /// A JSON number without fraction or exponent that fits 64 bits.
    case integer(Int64)
    /// Any other JSON number.
    case double(Double)
    /// A JSON string.
    case string(String)
    /// A JSON array.
    case array([Value])
    /// A JSON object, its members in the order they were written.
    case object(Members)
}

extension Value {
    /// The members of a JSON object, in order; equality ignores the order, as JSON does.
    public struct Members: Sendable, Equatable, ExpressibleByDictionaryLiteral, Sequence {
        /// The member names, in order.
        public private(set) var keys: [String]
        /// The member values, in the order of `keys`.
        public private(set) var values: [Value]

        /// Creates an object without members.
        public init() {
            keys = []
            values = []
        }

        /// Creates an object from a literal; a name given twice keeps its last value.
        public init(dictionaryLiteral elements: (String, Value)...) {
            self.init()
            for (key, value) in elements {
                self[key] = value
            }
        }

        /// The number of members.
        public var count: Int { keys.count }

        /// Whether the object has no members.
        public var isEmpty: Bool { keys.isEmpty }

        /// The member named `key`; setting nil removes it, setting a new name appends it.
        public subscript(key: String) -> Value? {
            get {
                keys.firstIndex(of: key).map { values[$0] }
            }
            set {
                if let index = keys.firstIndex(of: key) {
                    if let newValue {
                        values[index] = newValue
                    } else {
                        keys.remove(at: index)
                        values.remove(at: index)
                    }
                } else if let newValue {
                    keys.append(key)
                    values.append(newValue)
                }
            }
        }

        /// Appends a member whose name is known to be new; a parser that has checked for duplicates calls this.
        public mutating func append(_ key: String, _ value: Value) {
            keys.append(key)
            values.append(value)
        }

        /// These members with others put upon them, in place where the name is there already and at the end where not.
        ///
        /// Takes time by the number of members and not by its square: both may be as many as a request holds.
        ///
        /// - Parameters:
        ///   - changes: The other members.
        ///   - combine: What becomes of a member: its name, what is there, what is put upon it; nil for nothing.
        /// - Returns: The members of both.
        package func merging(
            _ changes: Members, _ combine: (_ key: String, _ own: Value?, _ change: Value) -> Value?
        ) -> Members {
            guard changes.count > 8 else {
                var result = self
                for (key, change) in changes {
                    result[key] = combine(key, result[key], change)
                }
                return result
            }
            let new = Dictionary(zip(changes.keys, changes.values)) { _, last in last }
            let own = Set(keys)
            var result = Members()
            for (key, value) in self {
                if let merged = new[key].map({ combine(key, value, $0) }) ?? .some(value) {
                    result.append(key, merged)
                }
            }
            for (key, change) in changes where !own.contains(key) {
                if let merged = combine(key, nil, change) {
                    result.append(key, merged)
                }
            }
            return result
        }

        /// The members as pairs, in order.
        public func makeIterator() -> some IteratorProtocol<(key: String, value: Value)> {
            zip(keys, values).lazy.map { (key: $0.0, value: $0.1) }.makeIterator()
        }

        /// Whether both objects have the same members, in whatever order.
        public static func == (left: Members, right: Members) -> Bool {
            guard left.count == right.count else { return false }
            if left.keys == right.keys { return left.values == right.values }
            return zip(left.keys, left.values).allSatisfy { key, value in right[key] == value }
        }
    }
}

extension Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    /// Creates a JSON string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// Creates a JSON number.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// Creates a JSON boolean.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// Creates a JSON array.
    public init(arrayLiteral elements: Value...) { self = .array(elements) }
    /// Creates the JSON null.
    public init(nilLiteral: ()) { self = .null }
    /// Creates a JSON object; a name given twice keeps its last value.
    public init(dictionaryLiteral elements: (String, Value)...) {
        var members = Members()
        for (key, value) in elements {
            members[key] = value
        }
        self = .object(members)
    }
}

extension Value {
    /// The member `key` of an object, or nil where there is none or this is no object; setting nil removes it, and
    /// setting on anything but an object replaces that by an object.
    public subscript(key: String) -> Value? {
        get {
            guard case .object(let members) = self else { return nil }
            return members[key]
        }
        set {
            var members = Members()
            if case .object(let old) = self { members = old }
            members[key] = newValue
            self = .object(members)
        }
    }

    /// The value at a path of member names, or nil.
    public subscript(path path: String...) -> Value? {
        var value = self
        for key in path {
            guard let next = value[key] else { return nil }
            value = next
        }
        return value
    }

    /// The text, if this is a string.
    public var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The number, if this is an integer.
    public var integer: Int64? {
        if case .integer(let number) = self { number } else { nil }
    }

    /// The truth value, if this is a boolean.
    public var bool: Bool? {
        if case .bool(let flag) = self { flag } else { nil }
    }

    /// The elements, if this is an array.
    public var array: [Value]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The members, if this is an object.
    public var members: Members? {
        if case .object(let members) = self { members } else { nil }
    }

    /// What this is called in an error sentence: "a string", "a number".
    public var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .double: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }

    /// Whether this carries nothing a record would miss: null, "", [] or {}.
    public var isVacant: Bool {
        switch self {
        case .null: true
        case .string(let text): text.isEmpty
        case .array(let elements): elements.isEmpty
        case .object(let members): members.isEmpty
        case .bool, .integer, .double: false
        }
    }

    /// This document with a JSON merge patch (RFC 7386) applied: objects merge, null removes, all else replaces.
    public func merging(patch: Value) -> Value {
        guard case .object(let changes) = patch else { return patch }
        let own = members ?? [:]
        return .object(
            own.merging(changes) { _, old, change in
                guard change != .null else { return .none }
                return (old ?? .null).merging(patch: change)
            })
    }
}
