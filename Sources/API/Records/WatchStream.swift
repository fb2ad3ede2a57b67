import Model
import Store
import Transport

/// One client's watch: the store's changes as lines of JSON, until the client leaves, its time is up, or it falls
/// behind the history.
struct WatchStream: Sendable {
    /// How often a client that wants bookmarks gets one when nothing else happens; Kubernetes sends one a minute.
    private static let bookmarkInterval = Duration.seconds(60)

    let watch: RecordWatch
    let kind: Kind
    let table: RecordTable?
    let marksInitialEvents: Bool
    let sendsBookmarks: Bool
    let timeout: Duration?
    let now: @Sendable () -> Timestamp

    /// Writes the changes until there is nothing more to write.
    func run(_ writer: HTTPStreamWriter) async {
        guard timeout != nil || sendsBookmarks else { return await forward(to: writer) }
        await withTaskGroup { group in
            group.addTask { await forward(to: writer) }
            if let timeout {
                group.addTask { await Self.sleep(timeout) }
            }
            if sendsBookmarks {
                group.addTask {
                    while !Task.isCancelled {
                        await Self.sleep(Self.bookmarkInterval)
                        watch.askBookmark()
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
        do {
            for try await event in watch {
                guard let line = line(for: event, &needsColumns) else { continue }
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
    private func line(for event: WatchEvent, _ needsColumns: inout Bool) -> [UInt8]? {
        let change: Value
        switch event {
        case .added(let record): change = Self.event("ADDED", object(of: record, &needsColumns))
        case .modified(let record, from: _): change = Self.event("MODIFIED", object(of: record, &needsColumns))
        case .deleted(let record): change = Self.event("DELETED", object(of: record, &needsColumns))
        case .bookmark(let revision):
            guard sendsBookmarks else { return nil }
            change = bookmark(revision, annotations: nil)
        case .complete(let revision):
            guard marksInitialEvents else { return nil }
            change = bookmark(revision, annotations: ["k8s.io/initial-events-end": "true"])
        }
        return change.jsonBytes + [UInt8(ascii: "\n")]
    }

    /// What the client sees of a record; the first table of a stream describes the columns.
    private func object(of record: Record, _ needsColumns: inout Bool) -> Value {
        guard let table else { return record.document }
        defer { needsColumns = false }
        return table.document(of: [record], revision: record.revision, hasColumns: needsColumns, at: now())
    }

    private func bookmark(_ revision: Int64, annotations: Value?) -> Value {
        var metadata: Value = ["resourceVersion": .string(String(revision)), "creationTimestamp": nil]
        metadata["annotations"] = annotations
        return Self.event(
            "BOOKMARK",
            ["kind": .string(kind.name), "apiVersion": .string(kind.apiVersion), "metadata": metadata])
    }

    private static func event(_ type: String, _ object: Value) -> Value {
        ["type": .string(type), "object": object]
    }
}
