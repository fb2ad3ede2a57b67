/// The fields that every log line written inside a task carries, whoever writes it.
///
/// A reconcile pass gets its identity once, at the top; the transport ten calls below needs no logger handed down to
/// say which pass it worked for.
public enum LogContext {
    @TaskLocal static var fields: [LogField] = []

    /// Runs `operation` with `fields` added to every line logged by it and by its child tasks.
    ///
    /// - Parameters:
    ///   - fields: what to add; they come after the fields already in force.
    ///   - operation: what to run.
    /// - Returns: what `operation` returned.
    /// - Throws: what `operation` threw.
    public static func with<Result>(
        _ fields: LogFields, operation: () async throws -> Result
    ) async rethrows -> Result {
        try await $fields.withValue(self.fields + LogField.fields(of: fields), operation: operation)
    }
}
