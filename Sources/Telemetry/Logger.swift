/// A named source of log lines, with a level and fields of its own.
///
/// A value: giving a part of the program its own fields is a copy, and nothing is registered anywhere. Lines below the
/// level cost one comparison; their message and fields are never built.
public struct Logger: Sendable {
    /// The part of the program that speaks, printed on every line.
    public let label: String
    /// The lowest level that is written.
    public var level: LogLevel
    private var fields: [LogField] = []
    private let sink: LogSink

    /// A logger that writes to `sink` everything at `level` or above.
    public init(label: String, level: LogLevel = .info, sink: LogSink) {
        self.label = label
        self.level = level
        self.sink = sink
    }

    /// A logger that writes nothing, for callers that want none.
    public static var silent: Logger {
        Logger(label: "silent", level: .error, sink: .none)
    }

    /// The same logger under another label.
    public func labelled(_ label: String) -> Logger {
        var copy = Logger(label: label, level: level, sink: sink)
        copy.fields = fields
        return copy
    }

    /// The same logger with more fields on each line.
    public func with(_ more: LogFields) -> Logger {
        var copy = self
        copy.fields += LogField.fields(of: more)
        return copy
    }

    /// Writes a line of level `debug`.
    public func debug(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.debug, message(), fields())
    }

    /// Writes a line of level `info`.
    public func info(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.info, message(), fields())
    }

    /// Writes a line of level `warning`.
    public func warning(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.warning, message(), fields())
    }

    /// Writes a line of level `error`.
    public func error(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.error, message(), fields())
    }

    /// Writes a line of the given level: the logger's own fields, those of the task, then `fields`.
    public func log(
        _ level: LogLevel, _ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]
    ) {
        guard level >= self.level else { return }
        sink.write(
            LogLine(
                time: .now(), level: level, label: label, message: message(),
                fields: self.fields + LogContext.fields + LogField.fields(of: fields())))
    }
}
