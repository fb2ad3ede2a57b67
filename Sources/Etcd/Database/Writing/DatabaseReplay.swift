/// Everything that one revision changed, in the order of the transaction.
public struct RevisionChange: Sendable, Hashable {
    /// The revision.
    public var revision: Int64
    /// What it did to keys; never empty, since etcd counts no revision without a change.
    public var events: [WatchEvent]

    /// Gathers the events of a revision.
    public init(revision: Int64, events: [WatchEvent]) {
        self.revision = revision
        self.events = events
    }
}

/// Writes the database that a member would have had at a revision: the records of a snapshot up to it, and the changes
/// of a log behind them.
///
/// No etcd runs for that. The file that comes out is a snapshot with its sha256 trailer; its revision, keys, versions
/// and HashKV are exactly those of the source at that revision, as long as nothing was compacted in between. What the
/// log does not hold stays as the snapshot had it: users, roles, alarms, members. Memory: a few pages, and the keys
/// that have a lease.
///
/// The calls come in one order: `init`, `add` for each change, `finish`; all of them block on files. If one throws, or
/// the replay is let go of before its end, the file is removed.
public struct DatabaseReplay {
    /// The revision the new database will have.
    public let revision: Int64
    /// The revision reached so far.
    public private(set) var reached: Int64

    private let bump: Int64
    private let base: DatabaseFile
    private let output: PageOutput
    private var keys: BucketWriter
    private var roots: [(name: String, page: UInt64)] = []
    private var leases = LeaseBook()
    private var tombstone = ProtobufWriter()

    /// Begins a file at `path`, which must not exist, with everything a snapshot holds up to the revision.
    ///
    /// With a `bump` the database counts on from so many revisions later, and everything before is compacted: whoever
    /// has seen revisions that the new cluster will use anew is told so and reads again, as `etcdutl snapshot restore
    /// --bump-revision --mark-compacted` does. etcd takes its compact revision for its own where no record is as new.
    ///
    /// - Throws: `DatabaseError`, with `revisionCompacted` if the snapshot's history begins later.
    public init(
        of base: DatabaseFile, at revision: Int64, to path: String, bumpedBy bump: Int64 = 0
    ) throws(DatabaseError) {
        self.base = base
        self.revision = revision
        self.bump = bump
        output = try PageOutput(path: path, pageSize: base.pageSize)
        keys = BucketWriter(output)
        reached = 0
        try copySystemBuckets()
        try copyRecords()
    }

    /// Adds the changes of the next revision.
    ///
    /// - Throws: `DatabaseError`, with `revisionInFuture` if a revision is missing before it.
    public mutating func add(_ change: RevisionChange) throws(DatabaseError) {
        guard change.revision > reached, change.revision <= revision else { return }
        guard change.revision == reached + 1 else {
            throw DatabaseError(
                .revisionInFuture, path: base.path,
                "the log goes on with revision \(change.revision) behind \(reached): what lies between is missing")
        }
        for (sub, event) in change.events.enumerated() {
            let isDeletion = event.kind == .delete
            var name = RecordRevision(main: change.revision, sub: Int64(sub)).bytes
            if isDeletion { name.append(UInt8(ascii: "t")) }
            try keys.add(name, record(event))
            leases.note(event.keyValue.key, lease: isDeletion ? 0 : event.keyValue.lease)
        }
        reached = change.revision
    }

    /// Writes what is left, and proves that the revision was reached.
    ///
    /// Leases that keys are attached to at the revision are always there; `leases` adds and takes away others, and
    /// tells the times to live that the snapshot does not know.
    ///
    /// - Returns: the sha256 of the whole file.
    public consuming func finish(leases known: ReplayedLeases = ReplayedLeases()) throws(DatabaseError) -> [UInt8] {
        guard reached == revision else {
            throw DatabaseError(
                .revisionInFuture, path: base.path,
                "revision \(revision) was asked for, but snapshot and log end at \(reached)")
        }
        roots.append(("key", try keys.finish()))
        var bucket = BucketWriter(output)
        for (id, seconds) in leases.alive(by: known) {
            var message = ProtobufWriter()
            message.int64(1, id)
            message.int64(2, seconds)
            try bucket.add(bigEndian(id), message.bytes)
        }
        roots.append(("lease", try bucket.finish()))
        var root = BucketWriter(output)
        for (name, page) in roots.sorted(by: { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }) {
            try root.add(Array(name.utf8), littleEndian(page) + littleEndian(0), isBucket: true)
        }
        return try output.finish(root: try root.finish())
    }

    private mutating func record(_ event: WatchEvent) -> [UInt8] {
        let pair = event.keyValue
        var message = ProtobufWriter(capacity: pair.key.count + pair.value.count + 48)
        message.bytes(1, pair.key)
        guard event.kind == .put else { return message.bytes }
        message.int64(2, pair.createRevision)
        message.int64(3, pair.modRevision)
        message.int64(4, pair.version)
        message.bytes(5, pair.value)
        message.int64(6, pair.lease)
        return message.bytes
    }

    /// Copies every bucket but keys and leases as it is.
    private mutating func copySystemBuckets() throws(DatabaseError) {
        let book = leases
        var read = book
        var copied: [(name: String, page: UInt64)] = []
        let output = output
        let path = base.path
        try base.forEachSystemBucket { (name, walk) throws(DatabaseError) in
            if name == "lease" {
                try walk { (entry) throws(DatabaseError) in
                    guard let lease = StoredLease(entry.value) else {
                        throw DatabaseError(.damaged, path: path, "in bucket `lease`, a lease is no valid message")
                    }
                    read.grant(lease)
                }
            } else {
                var bucket = BucketWriter(output)
                if name == "meta", bump > 0 {
                    for (key, value) in try bumped(walk) { try bucket.add(key, value) }
                } else {
                    try walk { (entry) throws(DatabaseError) in try bucket.add(entry.key, entry.value) }
                }
                copied.append((name, try bucket.finish()))
            }
        }
        leases = read
        roots = copied
        let compacted = try base.compactRevision()
        guard revision >= max(1, compacted) else {
            throw DatabaseError(
                .revisionCompacted, path: base.path,
                "revision \(revision) was asked for but history before \(max(1, compacted)) is compacted")
        }
        reached = max(1, min(compacted, revision))
    }

    /// The entries of the bucket `meta`, compacted through the revision to count on from.
    private func bumped(
        _ walk: (_ body: (Page.Entry) throws(DatabaseError) -> Void) throws(DatabaseError) -> Void
    ) throws(DatabaseError) -> [(key: [UInt8], value: [UInt8])] {
        let compacted = RecordRevision(main: revision + bump, sub: 0).bytes
        let names = ["finishedCompactRev", "scheduledCompactRev"].map { Array($0.utf8) }
        var entries = names.map { (key: $0, value: compacted) }
        try walk { (entry) throws(DatabaseError) in
            let key = Array(entry.key)
            if !names.contains(key) { entries.append((key, Array(entry.value))) }
        }
        return entries.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    }

    private mutating func copyRecords() throws(DatabaseError) {
        var (bucket, book, last) = (keys, leases, reached)
        let limit = revision
        try base.forEachRawRecord { (name, value, record) throws(DatabaseError) in
            guard record.revision.main <= limit else { return }
            try bucket.add(name, value)
            last = max(last, record.revision.main)
            book.note(record.content.key, lease: record.isTombstone ? 0 : record.content.lease)
        }
        (keys, leases, reached) = (bucket, book, last)
    }

    private func littleEndian(_ number: UInt64) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }

    private func bigEndian(_ number: Int64) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }
}
