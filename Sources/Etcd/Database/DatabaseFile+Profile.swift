/// What takes the space, and what differs: reading that looks at keys, in memory that does not grow with values.
extension DatabaseFile {
    /// Reads keys and bytes below each prefix, and the largest keys, in two walks over all records.
    ///
    /// `depth` is how many names separated by `/` a prefix holds; `largestCount` is how many of the largest keys are wanted.
    ///
    /// - Throws: `DatabaseError` with the code `damaged` at the first rule that the file breaks.
    public func profile(depth: Int, largestCount: Int) throws(DatabaseError) -> KeyspaceProfile {
        let live = try LiveRecords(of: self, KeyHasher())
        var profiler = KeyspaceProfiler(depth: depth, largestCount: largestCount)
        var ordinal = 0
        try forEachRecord { (record) throws(DatabaseError) in
            profiler.add(record, isLive: live.contains(ordinal))
            ordinal += 1
        }
        return profiler.profile
    }

    /// Finds the keys whose values at the latest revision differ between this database and another.
    ///
    /// `report` is called once for each difference: those that the other has, in the order in which it last wrote them,
    /// then those that only this one has. Returns how many keys are the same. Memory: about 100 bytes for each live key of the two.
    ///
    /// - Throws: `DatabaseError` with the code `damaged` at the first rule that a file breaks; what `report` throws.
    public func differences(
        to other: DatabaseFile, _ report: (KeyDifference) throws -> Void
    ) throws -> Int {
        let hasher = KeyHasher()
        let mine = try LiveRecords(of: self, hasher)
        var same = 0
        // What is left in the table at the end is what the other does not have.
        var table = KeyTable()
        try forEachLive(mine) { record in
            table.put(hasher.fingerprint(of: record.content.key), digest: hasher.digest(of: record.content.value))
        }
        let theirs = try LiveRecords(of: other, hasher)
        try other.forEachLive(theirs) { record in
            let digest = hasher.digest(of: record.content.value)
            switch table.removeDigest(hasher.fingerprint(of: record.content.key)) {
            case nil: try report(KeyDifference(record, .onlyInSecond))
            case digest?: same += 1
            case .some: try report(KeyDifference(record, .changed))
            }
        }
        if table.count > 0 {
            try forEachLive(mine) { record in
                guard table.removeDigest(hasher.fingerprint(of: record.content.key)) != nil else { return }
                try report(KeyDifference(record, .onlyInFirst))
            }
        }
        return same
    }

    private func forEachLive(_ live: LiveRecords, _ body: (DatabaseRecord) throws -> Void) throws {
        var ordinal = 0
        var failure: (any Error)?
        do {
            try forEachRecord { (record) throws(DatabaseError) in
                defer { ordinal += 1 }
                guard live.contains(ordinal) else { return }
                do {
                    try body(record)
                } catch {
                    // Carried past the walk, which throws nothing but its own.
                    failure = error
                    throw DatabaseError(.cancelled, path: path, "reading was given up")
                }
            }
        } catch {
            throw failure ?? error
        }
    }
}
