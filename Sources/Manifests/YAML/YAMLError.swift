/// Why a text is not YAML that records can be read from: what, and in which line.
public struct YAMLError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The line, from 1.
    public let line: Int
    /// What is wrong, as a sentence without a full stop.
    public let message: String

    /// The line and what is wrong.
    public var description: String { "line \(line): \(message)" }
}
