/// Which records of a database are the newest of a key that exists; found in one walk over all of them.
///
/// Memory: 32 to 64 bytes for each live key and a bit for each record.
struct LiveRecords {
    private var bits = Bitmap()

    /// How many there are.
    var count: Int { bits.count }

    init(of file: DatabaseFile, _ hasher: KeyHasher) throws(DatabaseError) {
        var table = KeyTable()
        var bits = Bitmap()
        var ordinal = 0
        try file.forEachRecord { (record) throws(DatabaseError) in
            defer { ordinal += 1 }
            // The marker of a restore with a revision bump is no key.
            guard !record.content.key.isEmpty else { return }
            let key = hasher.fingerprint(of: record.content.key)
            let previous: KeyTable.Last?
            if record.isTombstone {
                previous = table.remove(key)
            } else {
                previous = table.put(key, ordinal: ordinal, version: record.content.version)
                bits.insert(ordinal)
            }
            if let previous { bits.remove(previous.ordinal) }
        }
        self.bits = bits
    }

    func contains(_ ordinal: Int) -> Bool { bits.contains(ordinal) }
}
