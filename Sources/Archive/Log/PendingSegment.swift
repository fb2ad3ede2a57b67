import Etcd
import Model
import Synchronization

/// The changes that were seen and not handed over for storing yet: filled by the watch, emptied by the storing task.
final class PendingSegment: Sendable {
    /// A segment to be stored.
    struct Ready: Sendable {
        var name: LogSegmentName
        var bytes: [UInt8]
        /// When its first change was seen.
        var first: Timestamp
        /// When its last change was seen.
        var last: Timestamp
    }

    private struct State {
        var writer: LogSegmentWriter
        var times: (first: Timestamp, last: Timestamp)?
    }

    private let cluster: ClusterIncarnation
    private let clusterID: UInt64
    private let limit: Int
    private let state: Mutex<State>
    private let grown = Wakeup()
    private let taken = Wakeup()

    init(of cluster: ClusterIncarnation, clusterID: UInt64, after: Int64, limit: Int) {
        self.cluster = cluster
        self.clusterID = clusterID
        self.limit = limit
        state = Mutex(State(writer: LogSegmentWriter(of: cluster, clusterID: clusterID, after: after)))
    }

    /// The last revision seen.
    var through: Int64 { state.withLock { $0.writer.through } }

    /// Takes in what the watch delivered: whole revisions.
    func add(_ batch: WatchBatch, at time: Timestamp) throws(ArchiveError) {
        guard batch.eventCount > 0 else { return }
        let isLarge = try state.withLock { (state) throws(ArchiveError) in
            try batch.forEachEvent { (event) throws(ArchiveError) in try state.writer.add(event, at: time) }
            state.writer.endRevision()
            state.times = (state.times?.first ?? time, time)
            return state.writer.byteCount >= limit
        }
        if isLarge { grown.wake() }
    }

    /// Takes in what was learned of leases; it is stored with the next change.
    func add(_ notes: [LogSegment.LeaseNote]) {
        state.withLock { state in
            for note in notes { state.writer.note(lease: note.id, timeToLive: note.timeToLive, at: note.revision) }
        }
    }

    /// Returns when there is room for more.
    func waitForRoom() async throws {
        while state.withLock({ $0.writer.byteCount >= limit * 2 }) {
            await taken.wait()
            try Task.checkCancellation()
        }
    }

    /// Returns after a time, or as soon as the segment is large.
    func waitUntilDue(_ interval: Duration) async throws {
        guard state.withLock({ $0.writer.byteCount < limit }) else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [grown] in await grown.wait() }
            group.addTask { try? await Task.sleep(for: interval) }  // Cancelled is over, too.
            await group.next()
            group.cancelAll()
        }
        try Task.checkCancellation()
    }

    /// The segment so far, if anything is in it; the next one begins behind it.
    func take(at time: Timestamp) -> Ready? {
        let ready = state.withLock { state -> Ready? in
            guard !state.writer.isEmpty, let times = state.times else { return nil }
            let (name, bytes) = state.writer.finished(at: time)
            state = State(writer: LogSegmentWriter(of: cluster, clusterID: clusterID, after: name.through))
            return Ready(name: name, bytes: bytes, first: times.first, last: times.last)
        }
        if ready != nil { taken.wake() }
        return ready
    }
}
