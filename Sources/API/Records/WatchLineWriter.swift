import Model
import Store

/// Writes the events of watches as lines of JSON; one serves all streams of a kind and form.
final class WatchLineWriter: Sendable {
    /// The types of events.
    enum EventType: String, Sendable {
        /// The record is new, or came into the selection.
        case added = "ADDED"
        /// The record says something else.
        case modified = "MODIFIED"
        /// The record is gone, or left the selection.
        case deleted = "DELETED"
        /// How far the watch has come.
        case bookmark = "BOOKMARK"
        /// Why it cannot go on.
        case error = "ERROR"
    }

    private let kind: Kind
    private let form: RecordForm
    private let table: RecordTable?
    private let lines: WatchLines
    private let now: @Sendable () -> Timestamp

    init(
        _ kind: RegisteredKind, form: RecordForm, cells: RowCells, lines: WatchLines,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.kind = kind.kind
        self.form = form
        table = form.table.map { RecordTable(kind: kind, inclusion: $0, cells: cells) }
        self.lines = lines
        self.now = now
    }

    /// The line that tells of a record.
    ///
    /// - Parameters:
    ///   - type: What happened.
    ///   - record: The record.
    ///   - isFirst: Whether it is the stream's first, which describes the columns of tables.
    ///   - isShared: Whether other streams tell of the same.
    /// - Returns: The line with its end.
    func line(_ type: EventType, _ record: Record, isFirst: Bool, isShared: Bool) -> [UInt8] {
        let hasColumns = table != nil && isFirst
        guard isShared else { return makeLine(type, record, hasColumns) }
        let key = WatchLines.Key(revision: record.revision, type: type, form: form, hasColumns: hasColumns)
        return lines.line(key) { makeLine(type, record, hasColumns) }
    }

    /// The line that tells how far a watch has come.
    func bookmark(_ revision: Int64, annotations: Value? = nil) -> [UInt8] {
        var metadata: Value = ["resourceVersion": .string(String(revision)), "creationTimestamp": nil]
        metadata["annotations"] = annotations
        let object: Value = [
            "kind": .string(kind.name), "apiVersion": .string(kind.apiVersion), "metadata": metadata,
        ]
        return Self.line(.bookmark, object.jsonBytes)
    }

    /// The line that tells why a watch cannot go on.
    static func line(_ refusal: APIStatus) -> [UInt8] {
        line(.error, refusal.document.jsonBytes)
    }

    private func makeLine(_ type: EventType, _ record: Record, _ hasColumns: Bool) -> [UInt8] {
        Self.line(
            type,
            table?.json(of: record, hasColumns: hasColumns, keepsCells: type != .deleted, at: now()) ?? record.json)
    }

    private static func line(_ type: EventType, _ object: [UInt8]) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(object.count + 36)
        line += #"{"type":""#.utf8
        line += type.rawValue.utf8
        line += #"","object":"#.utf8
        line += object
        line += "}\n".utf8
        return line
    }
}
