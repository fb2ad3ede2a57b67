import Model
import Transport

/// One change a watch tells of.
struct WatchEvent: Sendable {
    /// The kinds of changes.
    enum Kind: String, Sendable {
        /// The record is new, or new to the selection.
        case added = "ADDED"
        /// The record has changed.
        case modified = "MODIFIED"
        /// The record is gone; this is what it was.
        case deleted = "DELETED"
        /// Nothing happened up to a revision.
        case bookmark = "BOOKMARK"
    }

    let kind: Kind
    /// The record, or a table with its row.
    let object: Value

    /// The revision from which a later watch goes on.
    var resourceVersion: String? { object[path: "metadata", "resourceVersion"]?.string }
}

/// The events of one watch, as they come: one JSON object on a line each.
struct WatchStream {
    private var chunks: HTTPClientStream.Iterator
    private var buffer: [UInt8] = []
    private var hasEnded = false

    init(_ stream: HTTPClientStream) {
        chunks = stream.makeAsyncIterator()
    }

    /// The next event; nil when the server has closed the stream or the connection broke, after which one may go on
    /// from the last revision.
    ///
    /// - Throws: `APIError` with what the server put into the stream, such as that the revision is gone.
    mutating func next() async throws -> WatchEvent? {
        while true {
            if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(buffer[..<end])
                buffer.removeSubrange(...end)
                if line.isEmpty { continue }
                return try event(line)
            }
            guard !hasEnded else { return nil }
            do throws(HTTPClientError) {
                if let chunk = try await chunks.next() { buffer += chunk } else { hasEnded = true }
            } catch {
                guard error.kind != .cancelled else { throw CancellationError() }
                hasEnded = true
            }
        }
    }

    private func event(_ line: [UInt8]) throws -> WatchEvent {
        guard let value = try? Value(json: line), let type = value["type"]?.string, let object = value["object"] else {
            throw APIError.unintelligible("the watch sent something that is no event")
        }
        if type == "ERROR" { throw APIError.refused(APIStatus(status: object)) }
        guard let kind = WatchEvent.Kind(rawValue: type) else {
            throw APIError.unintelligible("the watch sent an event of the unknown type \(type)")
        }
        return WatchEvent(kind: kind, object: object)
    }
}
