import Model
import Store
import Transport

/// One client's watch: the store's changes as lines of JSON, until the client leaves, its time is up, or it falls
/// behind the history.
///
/// A class, so that the tasks of thousands of streams hold references and not copies of all this.
final class WatchStream: Sendable {
    /// The types of events.
    enum EventType: String, Sendable {
        /// The record is new, or came into the selection.
        case added = "ADDED"
        /// The record says something else.
        case modified = "MODIFIED"
        /// The record is gone, or left the selection.
        case deleted = "DELETED"
    }

    /// How often a client that wants bookmarks gets one when nothing else happens; Kubernetes sends one a minute.
    private static let bookmarkInterval = Duration.seconds(60)

    let watch: RecordWatch
    let kind: Kind
    let form: RecordForm
    let table: RecordTable?
    let lines: WatchLines
    /// Whether the watch begins with what there is, which is told as it is now and not as it was written.
    let beginsWithPresent: Bool
    /// Whether the end of what there was at the beginning is marked.
    let marksInitialEvents: Bool
    let sendsBookmarks: Bool
    let timeout: Duration?
    let now: @Sendable () -> Timestamp

    init(
        _ watch: RecordWatch, of kind: Kind, form: RecordForm, table: RecordTable?, lines: WatchLines,
        beginsWithPresent: Bool, marksInitialEvents: Bool, sendsBookmarks: Bool, timeout: Duration?,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.watch = watch
        self.kind = kind
        self.form = form
        self.table = table
        self.lines = lines
        self.beginsWithPresent = beginsWithPresent
        self.marksInitialEvents = marksInitialEvents
        self.sendsBookmarks = sendsBookmarks
        self.timeout = timeout
        self.now = now
    }

    /// Writes the changes until there is nothing more to write.
    func run(_ writer: HTTPStreamWriter) async {
        guard timeout != nil || sendsBookmarks else { return await forward(to: writer) }
        await withTaskGroup { group in
            group.addTask { await self.forward(to: writer) }
            if let timeout {
                group.addTask { await Self.sleep(timeout) }
            }
            if sendsBookmarks {
                group.addTask {
                    while !Task.isCancelled {
                        await Self.sleep(Self.bookmarkInterval)
                        self.watch.askBookmark()
                    }
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private static func sleep(_ duration: Duration) async {
        // Ends early only by cancellation, and then the watch is over anyway.
        try? await Task.sleep(for: duration)
    }

    private func forward(to writer: HTTPStreamWriter) async {
        var needsColumns = true
        var isShared = !beginsWithPresent
        do {
            for try await event in watch {
                if case .complete = event { isShared = true }
                guard let line = line(for: event, &needsColumns, isShared) else { continue }
                try await writer.write(line)
            }
        } catch let error as StoreError {
            let refusal: Value = ["type": "ERROR", "object": APIStatus(error).document]
            // The stream ends with this line; that it could not be written any more changes nothing.
            try? await writer.write(refusal.jsonBytes + [UInt8(ascii: "\n")])
        } catch {
            // The client is gone or the server stops: there is nobody left to tell.
            return
        }
    }

    /// The line for an event; nil for what the client has not asked for.
    private func line(for event: WatchEvent, _ needsColumns: inout Bool, _ isShared: Bool) -> [UInt8]? {
        switch event {
        case .added(let record): return line(.added, record, &needsColumns, isShared)
        case .modified(let record, from: _): return line(.modified, record, &needsColumns, isShared)
        case .deleted(let record): return line(.deleted, record, &needsColumns, isShared)
        case .bookmark(let revision): return sendsBookmarks ? bookmark(revision, annotations: nil) : nil
        case .complete(let revision):
            guard marksInitialEvents else { return nil }
            return bookmark(revision, annotations: ["k8s.io/initial-events-end": "true"])
        }
    }

    /// The first table of a stream describes the columns.
    private func line(
        _ type: EventType, _ record: Record, _ needsColumns: inout Bool, _ isShared: Bool
    ) -> [UInt8] {
        let hasColumns = table != nil && needsColumns
        needsColumns = false
        guard isShared else { return makeLine(type, record, hasColumns) }
        let key = WatchLines.Key(revision: record.revision, type: type, form: form, hasColumns: hasColumns)
        return lines.line(key) { makeLine(type, record, hasColumns) }
    }

    private func makeLine(_ type: EventType, _ record: Record, _ hasColumns: Bool) -> [UInt8] {
        let object =
            table?.json(of: record, hasColumns: hasColumns, keepsCells: type != .deleted, at: now()) ?? record.json
        var line: [UInt8] = []
        line.reserveCapacity(object.count + 32)
        line += #"{"type":""#.utf8
        line += type.rawValue.utf8
        line += #"","object":"#.utf8
        line += object
        line += "}\n".utf8
        return line
    }

    private func bookmark(_ revision: Int64, annotations: Value?) -> [UInt8] {
        var metadata: Value = ["resourceVersion": .string(String(revision)), "creationTimestamp": nil]
        metadata["annotations"] = annotations
        let event: Value = [
            "type": "BOOKMARK",
            "object": ["kind": .string(kind.name), "apiVersion": .string(kind.apiVersion), "metadata": metadata],
        ]
        return event.jsonBytes + [UInt8(ascii: "\n")]
    }
}
