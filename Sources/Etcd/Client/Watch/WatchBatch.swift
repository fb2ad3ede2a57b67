/// Changes that a watch delivers together: all events of one or several revisions, in order.
///
/// The events of a revision are never spread over two batches, so what is seen between batches is always a state that
/// the keyspace had. Like a page, a batch may be kept; what it lends to a visitor may not.
public struct WatchBatch: Sendable {
    /// The revision up to which this watch has now delivered everything.
    public let revision: Int64
    /// Who sent it, and how far that member was.
    public let header: ResponseHeader
    /// How many events there are; 0 if the batch only says that nothing happened up to `revision`.
    public let eventCount: Int
    let segments: [WatchSegment]

    init(header: ResponseHeader, revision: Int64, segments: [WatchSegment]) {
        self.header = header
        self.revision = revision
        self.segments = segments
        eventCount = segments.reduce(0) { $0 + $1.count }
    }

    /// The size of the events in bytes.
    public var byteCount: Int { segments.reduce(0) { $0 + $1.bytes.count } }

    /// Calls `body` with every event in order.
    ///
    /// What it is lent must not be kept: copy it with `WatchEvent(_:)`.
    public func forEachEvent<Failure: Error>(_ body: (WatchEventView) throws(Failure) -> Void) throws(Failure) {
        for segment in segments { try segment.forEachEvent(body) }
    }

    /// The events as copies.
    public var events: [WatchEvent] {
        var events: [WatchEvent] = []
        events.reserveCapacity(eventCount)
        forEachEvent { events.append(WatchEvent($0)) }
        return events
    }
}
