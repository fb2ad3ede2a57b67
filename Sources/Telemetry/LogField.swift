/// One name and value of a log line.
struct LogField: Sendable, Equatable {
    let name: String
    let value: LogValue

    /// The fields of `pairs`, in order.
    static func fields(of pairs: LogFields) -> [LogField] {
        pairs.map { LogField(name: $0.key, value: $0.value) }
    }
}
