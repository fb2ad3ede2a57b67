/// What is gathered while the records of the key bucket go by in order of revision.
struct KeyspaceScan {
    /// The compact revision, -1 if nothing was ever compacted.
    let compactRevision: Int64
    /// The last revision that counts; later records are proven but otherwise ignored.
    let limit: Int64

    private(set) var records = 0
    private(set) var tombstones = 0
    private(set) var leasedRecords = 0
    private(set) var newest = RecordRevision(main: 0, sub: -1)
    /// Live records that do not continue the version before them; 0 in a sound database.
    private(set) var versionGaps = 0
    /// Records at or before the compact revision that a compaction there keeps, by their place in the bucket.
    private(set) var kept = Bitmap()
    /// Whether a record without a key is there, which a restore with a revision bump leaves.
    private(set) var hasMarker = false

    private let hasher = KeyHasher()
    private var table = KeyTable()

    init(compactRevision: Int64, limit: Int64) {
        self.compactRevision = compactRevision
        self.limit = limit
    }

    /// Keys whose newest record is not a tombstone.
    var liveKeys: Int { table.count - (hasMarker ? 1 : 0) }

    /// etcd hashes every record if its keep-set is empty, instead of none of the compacted ones.
    var keepsNothing: Bool { table.count == 0 }

    mutating func add(
        _ record: DatabaseRecord, fault: (String) -> DatabaseError
    ) throws(DatabaseError) {
        guard record.revision > newest else {
            throw fault("the record of revision \(record.revision) follows that of revision \(newest)")
        }
        newest = record.revision
        let ordinal = records
        records += 1
        guard record.revision.main <= limit else { return }
        let key = hasher.fingerprint(of: record.content.key)
        let isCompacted = record.revision.main <= compactRevision
        let previous: KeyTable.Last?
        if record.isTombstone {
            tombstones += 1
            previous = table.remove(key)
            if record.content.key.isEmpty { hasMarker = false }
        } else {
            previous = table.put(key, ordinal: ordinal, version: record.content.version)
            if record.content.key.isEmpty { hasMarker = true }
            if record.content.lease != 0 { leasedRecords += 1 }
            if isCompacted { kept.insert(ordinal) }
            if !isCompacted, !record.content.key.isEmpty { checkVersion(of: record, after: previous) }
        }
        if let previous { kept.remove(previous.ordinal) }
    }

    /// After the compact revision the history is whole: a key starts at version 1 and counts on by one.
    private mutating func checkVersion(of record: DatabaseRecord, after previous: KeyTable.Last?) {
        let expected = ((previous?.version ?? 0) + 1) & 0xFF_FFFF
        let startsHere = record.content.createRevision == record.revision.main
        if Int(record.content.version & 0xFF_FFFF) != expected || startsHere != (previous == nil) {
            versionGaps += 1
        }
    }
}
