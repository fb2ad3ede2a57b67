/// The weight of a log line, from chatter to failure.
public enum LogLevel: Int, Sendable, Comparable, CaseIterable, CustomStringConvertible {
    /// What only somebody who reads the source wants to know.
    case debug
    /// What happened, in the ordinary course of things.
    case info
    /// What went wrong and was handled, or will go wrong if nobody looks.
    case warning
    /// What failed.
    case error

    /// The level with this lowercase name, or nil when there is none.
    public init?(name: String) {
        guard let level = LogLevel.allCases.first(where: { $0.description == name }) else { return nil }
        self = level
    }

    /// The lowercase name, as flags and JSON lines spell it.
    public var description: String {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        }
    }

    /// Orders levels from `debug` to `error`.
    public static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.rawValue < right.rawValue
    }
}
