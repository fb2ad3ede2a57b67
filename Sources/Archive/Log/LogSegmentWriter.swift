import Crypto
public import Etcd
public import Model

/// A segment of a change log in the making: whole revisions, one after the other, with the time they were seen, and
/// what was learned of leases.
///
/// The bytes are protobuf messages behind a line that names the format, and the SHA-256 of all that at the end; the page
/// on the format of backups describes them.
public struct LogSegmentWriter: Sendable {
    static let magic = Array("lodestone-log 1\n".utf8)

    /// The revision before the first one in the segment.
    public let after: Int64
    /// The last revision so far.
    public private(set) var through: Int64
    /// The number of events so far.
    public private(set) var eventCount = 0
    /// The number of notes on leases so far.
    public private(set) var leaseCount = 0

    private var writer = ProtobufWriter()
    private var change = ProtobufWriter()
    private var pair = ProtobufWriter()
    private var open: (revision: Int64, time: Timestamp)?

    /// Begins a segment of one life of a cluster behind a revision.
    public init(of cluster: ClusterIncarnation, clusterID: UInt64, after: Int64) {
        self.after = after
        through = after
        writer.message(1) { header in
            header.uint64(1, clusterID)
            header.string(2, cluster.incarnation)
            header.int64(3, after)
        }
    }

    /// Whether there is nothing worth storing.
    public var isEmpty: Bool { through == after }
    /// The size so far in bytes.
    public var byteCount: Int { writer.count + change.count }

    /// Adds an event; those of a revision come together and in order, revisions follow each other without a gap.
    ///
    /// - Throws: `ArchiveError` with the code `incomplete` if a revision was left out.
    public mutating func add(_ event: WatchEventView, at time: Timestamp) throws(ArchiveError) {
        let revision = event.keyValue.modRevision
        if open?.revision != revision {
            endRevision()
            guard revision == through + 1 else {
                throw ArchiveError(
                    .incomplete, "the change log", "the watch went on with revision \(revision) behind \(through)")
            }
            open = (revision, time)
        }
        pair.removeAll()
        pair.bytes(1, event.keyValue.key)
        if event.kind == .put {
            pair.int64(2, event.keyValue.createRevision)
            pair.int64(3, event.keyValue.modRevision)
            pair.int64(4, event.keyValue.version)
            pair.bytes(5, event.keyValue.value)
            pair.int64(6, event.keyValue.lease)
        }
        // A key and its place follow for a write, a key alone for a deletion.
        change.bytes(event.kind == .put ? 3 : 4, pair.bytes, isRequired: true)
        eventCount += 1
    }

    /// Adds what was learned of a lease when the cluster was at a revision; a time to live of nil says that it ended.
    public mutating func note(lease id: Int64, timeToLive seconds: Int64?, at revision: Int64) {
        leaseCount += 1
        writer.message(3) { note in
            note.int64(1, id)
            note.int64(2, revision)
            note.int64(3, seconds ?? 0)
            note.bool(4, seconds == nil)
        }
    }

    /// Ends the segment at a time up to which nothing else had happened.
    public mutating func finished(at time: Timestamp) -> (name: LogSegmentName, bytes: [UInt8]) {
        endRevision()
        writer.message(4) { [through, eventCount] footer in
            footer.int64(1, through)
            footer.int64(2, Int64(eventCount))
            footer.int64(3, time.nanosecondsSinceEpoch / 1_000_000)
        }
        let bytes = Self.magic + writer.bytes
        return (LogSegmentName(after: after, through: through), bytes + SHA256.hash(bytes))
    }

    /// Ends the revision that was added last, which is then part of the segment.
    mutating func endRevision() {
        guard let open else { return }
        writer.message(2) { [change] message in
            message.int64(1, open.revision)
            message.int64(2, open.time.nanosecondsSinceEpoch / 1_000_000)
            message.append(change)
        }
        change.removeAll()
        through = open.revision
        self.open = nil
    }
}
