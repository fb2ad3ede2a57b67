/// Makes batches of whole revisions from the messages of one watch.
///
/// etcd splits what does not fit into 2 MiB, also in the middle of a revision, and says of each part but the last that
/// it is a fragment. Only the last revision of a fragment can be incomplete, so only that is held back.
struct WatchAssembler: Sendable {
    /// The first revision that is not delivered yet: where to go on after a broken stream.
    private(set) var nextRevision: Int64
    /// Parts of one revision of which more is to come.
    private var held: [WatchSegment] = []

    /// Makes an assembler for a watch that starts at `revision`.
    init(startingAt revision: Int64) {
        nextRevision = revision
    }

    /// Takes the events of a message and returns what is complete now.
    mutating func add(_ message: WatchMessage) -> WatchBatch? {
        // Some releases send events of before the start revision after a reconnect (etcd PR 20286): not twice.
        let fresh = message.events?.split(atRevision: nextRevision).from
        guard message.isFragment else { return deliver(held + (fresh.map { [$0] } ?? []), message) }
        guard let fresh else { return nil }
        let (complete, tail) = fresh.split(atRevision: fresh.lastRevision)
        let heldRevision = held.last?.lastRevision
        defer { if let tail { held.append(tail) } }
        if complete == nil, heldRevision == nil || heldRevision == fresh.lastRevision { return nil }
        return deliver(held + (complete.map { [$0] } ?? []), message)
    }

    /// Notes that nothing happened up to `revision`, and says whether that is news.
    mutating func skip(to revision: Int64) -> Bool {
        guard held.isEmpty, revision >= nextRevision else { return false }
        nextRevision = revision + 1
        return true
    }

    /// Forgets what is incomplete, because the watch starts again at `nextRevision`.
    mutating func restart() {
        held = []
    }

    private mutating func deliver(_ segments: [WatchSegment], _ message: WatchMessage) -> WatchBatch? {
        held = []
        guard let last = segments.last?.lastRevision else { return nil }
        nextRevision = last + 1
        return WatchBatch(header: message.header, revision: last, segments: segments)
    }
}
