public import Model

/// A type an option can have: it reads itself from the text of an argument.
public protocol OptionValue: Sendable {
    /// Reads an argument; nil if the text is none of these.
    init?(argument: String)

    /// What is expected, as the end of "write ...".
    static var expectation: String { get }
    /// What stands for it in usage lines, such as `DURATION`.
    static var placeholder: String { get }
    /// The words it can be, if only some are possible.
    static var choices: [String] { get }
    /// The argument that would give this value, as shown for defaults.
    var argument: String { get }
}

extension OptionValue {
    /// Any of too many to name.
    public static var choices: [String] { [] }
}

extension OptionValue where Self: RawRepresentable<String> & CaseIterable {
    /// Reads one of the words.
    public init?(argument: String) { self.init(rawValue: argument) }
    /// The words.
    public static var choices: [String] { allCases.map(\.rawValue) }
    /// One of the words.
    public static var expectation: String { "one of \(choices.joined(separator: ", "))" }
    /// The words, as alternatives.
    public static var placeholder: String { choices.joined(separator: "|") }
    /// The word.
    public var argument: String { rawValue }
}

extension String: OptionValue {
    /// Takes any text.
    public init?(argument: String) { self = argument }
    /// Any text.
    public static var expectation: String { "a text" }
    /// Some text.
    public static var placeholder: String { "TEXT" }
    /// The text.
    public var argument: String { self }
}

extension Int: OptionValue {
    /// Reads a whole number.
    public init?(argument: String) { self.init(argument, radix: 10) }
    /// A whole number.
    public static var expectation: String { "a whole number" }
    /// A number.
    public static var placeholder: String { "NUMBER" }
    /// The digits.
    public var argument: String { String(self) }
}

extension Timestamp: OptionValue {
    /// Reads a moment.
    public init?(argument: String) { self.init(argument) }
    /// A moment.
    public static var expectation: String { "a time such as 2026-11-21T14:00:00Z" }
    /// A moment.
    public static var placeholder: String { "TIME" }
    /// The moment as RFC 3339 writes it.
    public var argument: String { description }
}

extension Duration: OptionValue {
    /// Reads a duration with its unit.
    public init?(argument: String) { self.init(goText: argument) }
    /// A duration.
    public static var expectation: String { "a duration such as 30s, 5m or 1h30m" }
    /// A duration.
    public static var placeholder: String { "DURATION" }
    /// The duration as Go writes it.
    public var argument: String { goText }
}
