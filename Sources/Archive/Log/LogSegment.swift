import Crypto
public import Etcd
public import Model

/// A segment of a change log, read and proven.
public struct LogSegment: Sendable, Equatable {
    /// A revision with the time at which the controller saw it.
    public struct Entry: Sendable, Equatable {
        /// What the revision changed.
        public var change: RevisionChange
        /// When it was seen.
        public var time: Timestamp
    }

    /// What was learned of a lease.
    public struct LeaseNote: Sendable, Equatable {
        /// The lease.
        public var id: Int64
        /// The revision of the cluster at that time.
        public var revision: Int64
        /// Its time to live in seconds; nil if it had ended.
        public var timeToLive: Int64?

        /// Says that whatever is not noted behind it had ended: a recorder that begins does not know what it missed.
        static func census(at revision: Int64) -> LeaseNote { LeaseNote(id: 0, revision: revision, timeToLive: nil) }
        /// Whether the note is such a census; etcd has no lease of that ID.
        var isCensus: Bool { id == 0 }
    }

    /// The stretch of history it holds.
    public private(set) var name = LogSegmentName(after: 0, through: 0)
    /// etcd's own identity of the cluster.
    public private(set) var clusterID: UInt64 = 0
    /// The token of the cluster's life.
    public private(set) var incarnation = ""
    /// The revisions, in order and without a gap.
    public private(set) var entries: [Entry] = []
    /// The notes on leases, in the order in which they were made.
    public private(set) var leases: [LeaseNote] = []
    /// Up to when nothing else had happened.
    public private(set) var time = Timestamp(secondsSinceEpoch: 0)

    /// Reads a segment that should hold a stretch of history.
    ///
    /// - Throws: `ArchiveError` with the code `contradiction` if the bytes are not that segment, whole and unchanged.
    public init(bytes: [UInt8], as wanted: LogSegmentName) throws(ArchiveError) {
        let subject = "segment \(wanted) of the change log"
        func fault(_ detail: String) -> ArchiveError { ArchiveError(.contradiction, subject, detail) }
        let end = bytes.count - SHA256.byteCount
        guard end >= LogSegmentWriter.magic.count, bytes.starts(with: LogSegmentWriter.magic) else {
            throw fault("it does not begin as a segment does")
        }
        guard SHA256.hash(Array(bytes[..<end])) == Array(bytes[end...]) else {
            throw fault("its bytes do not have the SHA-256 at their end")
        }
        do {
            try bytes.span.withUnsafeBytes { all in
                try read(UnsafeRawBufferPointer(rebasing: all[LogSegmentWriter.magic.count..<end]))
            }
        } catch let error as ProtobufError {
            throw fault("it is no valid message (\(error))")
        } catch {
            throw fault("\(error)")
        }
        guard name == wanted else { throw fault("it says of itself to be \(name)") }
        let revisions = entries.map(\.change.revision)
        let expected = (0..<max(0, wanted.through - wanted.after)).map { wanted.after + 1 + $0 }
        guard revisions == expected else {
            throw fault("its revisions are not those its name tells")
        }
        guard entries.allSatisfy({ !$0.change.events.isEmpty }) else { throw fault("a revision in it changes nothing") }
    }

    private mutating func read(_ bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        var after: Int64 = 0
        var through: Int64 = 0
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1:
                var header = ProtobufReader(try reader.bytes(field))
                while let field = try header.next() {
                    switch field.number {
                    case 1: clusterID = try header.uint64(field)
                    case 2: incarnation = try header.string(field)
                    case 3: after = try header.int64(field)
                    default: try header.skip(field)
                    }
                }
            case 2: entries.append(try Self.entry(try reader.bytes(field)))
            case 3: leases.append(try Self.lease(try reader.bytes(field)))
            case 4:
                var footer = ProtobufReader(try reader.bytes(field))
                while let field = try footer.next() {
                    switch field.number {
                    case 1: through = try footer.int64(field)
                    case 3: time = Self.moment(try footer.int64(field))
                    default: try footer.skip(field)
                    }
                }
            default: try reader.skip(field)
            }
        }
        name = LogSegmentName(after: after, through: through)
    }

    private static func entry(_ bytes: UnsafeRawBufferPointer) throws(ProtobufError) -> Entry {
        var entry = Entry(change: RevisionChange(revision: 0, events: []), time: Timestamp(secondsSinceEpoch: 0))
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: entry.change.revision = try reader.int64(field)
            case 2: entry.time = moment(try reader.int64(field))
            case 3, 4:
                let pair = KeyValue(try KeyValueView(decoding: try reader.bytes(field)))
                entry.change.events.append(WatchEvent(kind: field.number == 3 ? .put : .delete, keyValue: pair))
            default: try reader.skip(field)
            }
        }
        return entry
    }

    private static func lease(_ bytes: UnsafeRawBufferPointer) throws(ProtobufError) -> LeaseNote {
        var (id, revision, seconds, hasEnded): (Int64, Int64, Int64, Bool) = (0, 0, 0, false)
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: id = try reader.int64(field)
            case 2: revision = try reader.int64(field)
            case 3: seconds = try reader.int64(field)
            case 4: hasEnded = try reader.bool(field)
            default: try reader.skip(field)
            }
        }
        return LeaseNote(id: id, revision: revision, timeToLive: hasEnded ? nil : seconds)
    }

    private static func moment(_ milliseconds: Int64) -> Timestamp {
        Timestamp(nanosecondsSinceEpoch: milliseconds &* 1_000_000)
    }
}
