/// A type that can stand in a field of a record: it reads itself from a document, writes itself, and describes itself.
public protocol FieldValue: Sendable, Equatable {
    /// What documents may hold for this type.
    static var schema: Schema { get }

    /// Reads a value; nil after noting at least one problem in `decoding`.
    static func decode(_ value: Value, _ decoding: inout Decoding) -> Self?

    /// The value as a document.
    var encoded: Value { get }
}

extension String: FieldValue {
    /// Text.
    public static var schema: Schema { Schema(.string(oneOf: [], format: nil)) }

    /// Reads text; a number or boolean is refused, as a version such as `3.10` would silently become another number.
    public static func decode(_ value: Value, _ decoding: inout Decoding) -> String? {
        if case .string(let text) = value { return text }
        switch value {
        case .integer, .double, .bool:
            decoding.problem(.invalid, "must be a string, not \(value.typeName); put it in quotes")
        default: decoding.mismatch(expected: "a string", found: value)
        }
        return nil
    }

    /// The text.
    public var encoded: Value { .string(self) }
}

extension Bool: FieldValue {
    /// A truth value.
    public static var schema: Schema { Schema(.boolean) }

    /// Reads a truth value.
    public static func decode(_ value: Value, _ decoding: inout Decoding) -> Bool? {
        if case .bool(let flag) = value { return flag }
        decoding.mismatch(expected: "true or false", found: value)
        return nil
    }

    /// The truth value.
    public var encoded: Value { .bool(self) }
}

extension FieldValue where Self: FixedWidthInteger {
    /// A whole number.
    public static var schema: Schema { Schema(.integer) }

    /// Reads a whole number within the type's range.
    public static func decode(_ value: Value, _ decoding: inout Decoding) -> Self? {
        guard case .integer(let number) = value else {
            decoding.mismatch(expected: "a whole number", found: value)
            return nil
        }
        // No field of ours means so large a number, and the sum or difference of any two still fits.
        let limit: Int64 = 1 << 60
        guard let fitting = Self(exactly: number), (-limit...limit).contains(number) else {
            let (lower, upper) = (Swift.max(Int64(Self.min), -limit), Swift.min(Int64(Self.max), limit))
            decoding.problem(.invalid, "\(number) is out of range; it must be between \(lower) and \(upper)")
            return nil
        }
        return fitting
    }

    /// The number.
    public var encoded: Value { .integer(Int64(clamping: self)) }
}

extension Int: FieldValue {}
extension Int64: FieldValue {}

extension Double: FieldValue {
    /// Any number.
    public static var schema: Schema { Schema(.number) }

    /// Reads any number.
    public static func decode(_ value: Value, _ decoding: inout Decoding) -> Double? {
        switch value {
        case .integer(let number): return Double(number)
        case .double(let number): return number
        default:
            decoding.mismatch(expected: "a number", found: value)
            return nil
        }
    }

    /// The number.
    public var encoded: Value { .double(self) }
}

extension Array: FieldValue where Element: FieldValue {
    /// A list of the element's shape.
    public static var schema: Schema { Schema(.array(of: Element.schema)) }

    /// Reads every element, noting the problems of all of them.
    public static func decode(_ value: Value, _ decoding: inout Decoding) -> [Element]? {
        guard case .array(let elements) = value else {
            decoding.mismatch(expected: "a list", found: value)
            return nil
        }
        var result: [Element] = []
        for (index, element) in elements.enumerated() {
            if let decoded = decoding.within(index, { Element.decode(element, &$0) }) { result.append(decoded) }
        }
        return result.count == elements.count ? result : nil
    }

    /// The list.
    public var encoded: Value { .array(map(\.encoded)) }
}

extension Dictionary: FieldValue where Key == String, Value: FieldValue {
    /// An object with free names.
    public static var schema: Schema { Schema(.map(of: Value.schema)) }

    /// Reads every member, noting the problems of all of them.
    public static func decode(_ value: Model.Value, _ decoding: inout Decoding) -> [String: Value]? {
        guard case .object(let members) = value else {
            decoding.mismatch(expected: "an object", found: value)
            return nil
        }
        var result: [String: Value] = [:]
        for (key, member) in members {
            if let decoded = decoding.within(key, { Value.decode(member, &$0) }) { result[key] = decoded }
        }
        return result.count == members.count ? result : nil
    }

    /// The object, its members in the order of their names so that equal records have equal bytes.
    public var encoded: Model.Value {
        var members = Model.Value.Members()
        for (key, value) in sorted(by: { $0.key < $1.key }) {
            members.append(key, value.encoded)
        }
        return .object(members)
    }
}

extension Value: FieldValue {
    /// Anything.
    public static var schema: Schema { Schema(.any) }

    /// Takes the document as it is.
    public static func decode(_ value: Value, _ decoding: inout Decoding) -> Value? { value }

    /// The document as it is.
    public var encoded: Value { self }
}

/// A closed set of words, such as the providers of a cluster.
public protocol Choice: FieldValue, CaseIterable, RawRepresentable<String> {}

extension Choice {
    /// Text out of the closed set.
    public static var schema: Schema { Schema(.string(oneOf: allCases.map(\.rawValue), format: nil)) }

    /// Reads one of the words.
    public static func decode(_ value: Value, _ decoding: inout Decoding) -> Self? {
        guard case .string(let text) = value else {
            decoding.mismatch(expected: "a string", found: value)
            return nil
        }
        if let choice = Self(rawValue: text) { return choice }
        let words = allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        decoding.problem(.unsupported, "\"\(text)\" is not possible here; choose one of \(words)")
        return nil
    }

    /// The word.
    public var encoded: Value { .string(rawValue) }
}

/// An open set of words with known members, such as the types of conditions.
public protocol OpenName: FieldValue, RawRepresentable<String>, ExpressibleByStringLiteral, Hashable {
    /// Creates a name from any text.
    init(rawValue: String)
}

extension OpenName {
    /// Text.
    public static var schema: Schema { String.schema }

    /// Creates a name from a literal.
    public init(stringLiteral value: String) { self.init(rawValue: value) }

    /// Reads any text.
    public static func decode(_ value: Value, _ decoding: inout Decoding) -> Self? {
        String.decode(value, &decoding).map { Self(rawValue: $0) }
    }

    /// The text.
    public var encoded: Value { .string(rawValue) }
}
