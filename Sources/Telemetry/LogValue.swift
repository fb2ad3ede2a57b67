/// The value of one field of a log line.
///
/// A small closed set, so that a JSON line keeps numbers as numbers and no caller formats by hand. There is
/// deliberately no case for arbitrary objects: what may be logged is decided where the field is written.
public enum LogValue: Sendable, Equatable {
    /// A piece of text.
    case text(String)
    /// A whole number.
    case integer(Int64)
    /// A number with a fraction.
    case number(Double)
    /// A truth value.
    case flag(Bool)
    /// A span of time, written in seconds.
    case duration(Duration)

    /// A field holding the text by which `subject` describes itself.
    public static func describing(_ subject: some CustomStringConvertible) -> LogValue {
        .text(subject.description)
    }
}

/// The fields of a log line as written at the call, in the order they are printed.
public typealias LogFields = KeyValuePairs<String, LogValue>

extension LogValue: ExpressibleByStringInterpolation {
    /// A text field.
    public init(stringLiteral value: String) {
        self = .text(value)
    }
}

extension LogValue: ExpressibleByIntegerLiteral {
    /// A whole-number field.
    public init(integerLiteral value: Int64) {
        self = .integer(value)
    }
}

extension LogValue: ExpressibleByFloatLiteral {
    /// A fractional-number field.
    public init(floatLiteral value: Double) {
        self = .number(value)
    }
}

extension LogValue: ExpressibleByBooleanLiteral {
    /// A truth-value field.
    public init(booleanLiteral value: Bool) {
        self = .flag(value)
    }
}
