/// Reading figures: one walk over all buckets, and a second one over the key bucket if history was compacted.
extension DatabaseFile {
    /// Proves the structure of the file and reads all its figures.
    ///
    /// The structure is proven completely (see `BucketTree`), and every record by itself; a flipped bit inside a
    /// value is found by `verifyTrailer` only, or by comparing the HashKV. Memory: about 1 MB, and 32 to 64 bytes for
    /// each live key. `tombstones` says which releases the hash is to be comparable with.
    ///
    /// - Throws: `DatabaseError` with the code `damaged` at the first rule that the file breaks.
    public func summary(tombstones: TombstoneRule = .hashed) throws(DatabaseError) -> DatabaseSummary {
        var tree = BucketTree(reader: makeReader())
        var summary = DatabaseSummary()
        summary.byteCount = byteCount
        let buckets = try etcdBuckets(&tree)
        let compaction = try readSystemBuckets(buckets, &tree, into: &summary)

        var scan = KeyspaceScan(compactRevision: compaction.latest, limit: .max)
        var hasher = KeyspaceHasher()
        try walkRecords(buckets, &tree) { (record, entry, fault) throws(DatabaseError) in
            try scan.add(record, fault: fault)
            if compaction.latest < 0 { hasher.add(entry) }
        }
        try tree.checkFreelist(at: meta.freelist)

        summary.bytesInUse = (tree.reachedPages + 2) * pageSize
        summary.revision = max(1, scan.newest.main, compaction.latest)
        summary.compactRevision = compaction.latest < 0 ? nil : compaction.latest
        summary.liveKeys = scan.liveKeys
        summary.records = scan.records
        summary.tombstones = scan.tombstones
        summary.versionGaps = scan.versionGaps
        let hash = compaction.latest < 0 ? hasher.value : try hashKept(by: scan, buckets, tombstones)
        summary.hash = KeyspaceHash(hash: hash, revision: summary.revision, compactRevision: compaction.latest)
        return summary
    }

    /// The HashKV at a revision, equal to what a member with the same data answers to the same request.
    ///
    /// The rule is etcd's `HashByRev`: CRC32C over the bucket's name and all records up to the revision in order, but
    /// of those at or before the compact revision only the ones a compaction keeps. Compacted records are still in
    /// the file when a compaction was scheduled but has not got to them; members may differ in that without
    /// differing in data. `tombstones` is the rule of the release to compare with. `compacted` is a revision up to which
    /// the other side has compacted its history meanwhile, so that its answer can be compared with this file.
    ///
    /// - Throws: `DatabaseError` with the code `revisionCompacted` or `revisionInFuture` unless the revision lies from
    ///   the compact to the latest one.
    public func hashKV(
        at revision: Int64, tombstones: TombstoneRule = .hashed, compacted: Int64 = -1
    ) throws(DatabaseError) -> KeyspaceHash {
        var tree = BucketTree(reader: makeReader())
        let buckets = try etcdBuckets(&tree)
        var ignored = DatabaseSummary()
        let compactRevision = max(compacted, try readSystemBuckets(buckets, &tree, into: &ignored).latest)
        guard revision >= compactRevision, revision >= 1 else {
            throw DatabaseError(
                .revisionCompacted, path: path,
                "revision \(revision) was asked for but history before \(max(1, compactRevision)) is compacted")
        }
        var scan = KeyspaceScan(compactRevision: compactRevision, limit: revision)
        try walkRecords(buckets, &tree) { (record, _, fault) throws(DatabaseError) in
            try scan.add(record, fault: fault)
        }
        let latest = max(1, scan.newest.main, compactRevision)
        guard revision <= latest else {
            throw DatabaseError(
                .revisionInFuture, path: path, "revision \(revision) was asked for but the latest is \(latest)")
        }
        return KeyspaceHash(
            hash: try hashKept(by: scan, buckets, tombstones), revision: revision, compactRevision: compactRevision)
    }

    /// Lends every record of the key bucket, in order of revision, for the length of a call each.
    package func forEachRecord(_ body: (DatabaseRecord) throws(DatabaseError) -> Void) throws(DatabaseError) {
        var tree = BucketTree(reader: makeReader())
        let buckets = try etcdBuckets(&tree)
        try walkRecords(buckets, &tree) { (record, _, _) throws(DatabaseError) in try body(record) }
    }

    /// Lends every record of the key bucket with its name and value as they are stored.
    func forEachRawRecord(
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer, DatabaseRecord) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        var tree = BucketTree(reader: makeReader())
        let buckets = try etcdBuckets(&tree)
        try walkRecords(buckets, &tree) { (record, entry, _) throws(DatabaseError) in
            try body(entry.key, entry.value, record)
        }
    }

    /// Lends every bucket but that of keys, by name, with a way to walk its entries.
    func forEachSystemBucket(
        _ body: (String, ((Page.Entry) throws(DatabaseError) -> Void) throws(DatabaseError) -> Void)
            throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        var tree = BucketTree(reader: makeReader())
        let buckets = try etcdBuckets(&tree)
        for (name, root) in buckets.sorted(by: { $0.key < $1.key }) where name != "key" {
            var walked = tree
            try body(name) { (visit) throws(DatabaseError) in
                try walked.walk(root) { (_, entry) throws(DatabaseError) in try visit(entry) }
            }
            tree = walked
        }
    }

    /// The leases in the file: their times to live in seconds, by ID.
    ///
    /// - Throws: `DatabaseError`.
    public func leases() throws(DatabaseError) -> [Int64: Int64] {
        var leases: [Int64: Int64] = [:]
        try forEachSystemBucket { (name, walk) throws(DatabaseError) in
            guard name == "lease" else { return }
            try walk { (entry) throws(DatabaseError) in
                guard let lease = StoredLease(entry.value) else {
                    throw DatabaseError(.damaged, path: path, "in bucket `lease`, a lease is no valid message")
                }
                leases[lease.id] = lease.timeToLive
            }
        }
        return leases
    }

    /// The revision up to which history is compacted; -1 if it never was.
    func compactRevision() throws(DatabaseError) -> Int64 {
        var tree = BucketTree(reader: makeReader())
        let buckets = try etcdBuckets(&tree)
        var ignored = DatabaseSummary()
        return try readSystemBuckets(buckets, &tree, into: &ignored).latest
    }

    /// The hash over what a scan found to be kept; the second look at the same bytes.
    private func hashKept(
        by scan: KeyspaceScan, _ buckets: [String: BucketRoot], _ tombstones: TombstoneRule
    ) throws(DatabaseError) -> UInt32 {
        var tree = BucketTree(reader: makeReader())
        var hasher = KeyspaceHasher()
        var ordinal = 0
        let path = path
        try tree.walk(try keyBucket(buckets)) { (page, entry) throws(DatabaseError) in
            guard let (revision, isTombstone) = RecordRevision.parse(entry.key) else {
                throw DatabaseError(.damaged, path: path, page: page, "the file changed while it was read")
            }
            defer { ordinal += 1 }
            guard revision.main <= scan.limit else { return }
            if revision.main <= scan.compactRevision, !scan.keepsNothing, !scan.kept.contains(ordinal) { return }
            if isTombstone, revision.main == scan.compactRevision, tombstones == .skipped { return }
            hasher.add(entry)
        }
        return hasher.value
    }

    private func walkRecords(
        _ buckets: [String: BucketRoot], _ tree: inout BucketTree,
        _ body: (DatabaseRecord, Page.Entry, (String) -> DatabaseError) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        let path = path
        try tree.walk(try keyBucket(buckets)) { (page, entry) throws(DatabaseError) in
            let fault = { (detail: String) in DatabaseError(.damaged, path: path, page: page, detail) }
            try body(try DatabaseRecord(entry, fault: fault), entry, fault)
        }
    }

    /// The top-level buckets; etcd makes `key` and `meta` when it creates a database.
    private func etcdBuckets(_ tree: inout BucketTree) throws(DatabaseError) -> [String: BucketRoot] {
        let buckets = try tree.buckets(in: .tree(meta.root))
        for name in ["key", "meta"] where buckets[name] == nil {
            throw DatabaseError(
                .notADatabase, path: path, "this is a bbolt database without etcd's bucket `\(name)`")
        }
        return buckets
    }

    private func keyBucket(_ buckets: [String: BucketRoot]) throws(DatabaseError) -> BucketRoot {
        guard let root = buckets["key"] else {
            throw DatabaseError(.notADatabase, path: path, "this is a bbolt database without etcd's bucket `key`")
        }
        return root
    }
}
