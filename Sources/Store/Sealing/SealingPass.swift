internal import Model

/// What is done at the opening of a store so that every confidential row is sealed with the first key.
///
/// Rows of older programs are in clear, and those written before a change of keys are under older ones. They are sealed
/// anew in bounded transactions, and afterwards the file is written anew as a whole, since freed pages still hold what
/// they held. Killed at any moment, the next opening goes on: what is left to do is read from the file.
struct SealingPass {
    /// What the file says of itself, in `meta`.
    private enum Progress: Int64 {
        /// Every confidential row is sealed with some key of the file, and nothing older is left in free pages.
        case done = 0
        /// Free pages may hold what was sealed anew.
        case unswept = 1
        /// Rows may be in clear.
        case clear = 2
    }

    private static let progressName = "sealing"
    /// How many rows and bytes one transaction seals anew.
    private static let (rowLimit, byteLimit) = (256, 8 << 20)

    let connection: SQLiteConnection
    let path: String
    let kinds: [Kind]
    let keyFile: RecordKeyFile

    private var confidential: [Kind] { kinds.filter(\.isConfidential) }

    /// Finds the keys; nothing of the store is changed, whatever is wrong.
    ///
    /// - Throws: `.keyMissing` when a row needs a key that is not in the file, `.badKeys`.
    func vault(at now: Timestamp) throws(StoreError) -> RecordVault {
        let needed = try keysInUse()
        guard !confidential.isEmpty || !needed.isEmpty else {
            return RecordVault(kinds: kinds, keys: [], keyFile: keyFile.path)
        }
        // A fresh key would open none of what is sealed, and hide that the right one is missing.
        let keys = needed.isEmpty ? try keyFile.keysOrFresh(at: now) : try keyFile.keys() ?? []
        for id in needed.sorted() where !keys.contains(where: { $0.id == id }) {
            throw .keyMissing(path: path, keyID: id, keyFile: keyFile.path)
        }
        return RecordVault(kinds: kinds, keys: keys, keyFile: keyFile.path)
    }

    /// The names of the keys that rows were sealed with.
    func keysInUse() throws(StoreError) -> Set<String> {
        var found: Set<String> = []
        var damage: StoreError?
        try translating { () throws(SQLiteError) in
            for table in ["records", "changes"] {
                try connection.query(
                    "SELECT kind, namespace, name, max(document) FROM \(table) WHERE substr(document, 1, 1) = x'00' "
                        + "GROUP BY substr(document, 1, ?1)", [.integer(Int64(SealedDocument.prefixCount))]
                ) { columns in
                    guard let id = SealedDocument(columns.bytes(3))?.keyID else {
                        damage = .corrupt(
                            path: path,
                            reason: "\(columns.text(0)) \(columns.text(1))/\(columns.text(2)) is no sealed record")
                        return false
                    }
                    found.insert(id)
                    return true
                }
            }
        }
        if let damage { throw damage }
        return found
    }

    /// Marks a file that has come from an older format as one whose rows may be in clear; part of that transaction.
    static func markClear(_ connection: SQLiteConnection) throws(SQLiteError) {
        try set(.clear, connection)
    }

    /// Seals anew what is in clear or under older keys, and sweeps it out of the file.
    ///
    /// - Returns: how much was done. That the disk has no room to write the file anew is no failure: it is done at the
    ///   next opening then.
    /// - Throws: `.corrupt` for a row that is not what was sealed, `.full`.
    func run(_ vault: RecordVault) throws(StoreError) -> SealingReport {
        guard let key = vault.sealingKey, !confidential.isEmpty else { return SealingReport() }
        var report = SealingReport()
        let progress: Progress = try translating { () throws(SQLiteError) in try self.progress() }
        var isUnswept = progress != .done
        try translating { () throws(SQLiteError) in try connection.execute("PRAGMA secure_delete = ON") }
        for (table, rowID) in [("records", "id"), ("changes", "revision")] {
            for kind in confidential {
                var position: Int64? = -1
                while let start = position {
                    let batch = try stale(kind, table, rowID, after: start, key)
                    position = batch.next
                    guard !batch.rows.isEmpty else { continue }
                    try seal(batch.rows, table, rowID, vault, progress)
                    isUnswept = true
                    report.rows += batch.rows.count
                }
            }
        }
        guard isUnswept else { return report }
        try translating { () throws(SQLiteError) in try Self.set(.unswept, connection) }
        report.isSwept = try sweep()
        return report
    }

    /// Writes the file anew without its free pages, and empties the log; false if that has to wait.
    private func sweep() throws(StoreError) -> Bool {
        do {
            return try translating { () throws(SQLiteError) in
                try connection.execute("PRAGMA wal_checkpoint(TRUNCATE); VACUUM")
                // Somebody who reads the file in the meantime keeps the log.
                let isBusy = try connection.first("PRAGMA wal_checkpoint(TRUNCATE)") { $0.integer(0) } != 0
                if !isBusy { try Self.set(.done, connection) }
                return !isBusy
            }
        } catch {
            guard case .full = error else { throw error }
            return false
        }
    }

    // MARK: Rows

    private struct StaleRow {
        let rowID: Int64
        let id: RecordID
        let revision: Int64
        let bytes: [UInt8]
    }

    /// The next rows of a kind that the first key did not seal, and where to go on.
    private func stale(
        _ kind: Kind, _ table: String, _ rowID: String, after position: Int64, _ key: RecordKey
    ) throws(StoreError) -> (rows: [StaleRow], next: Int64?) {
        var rows: [StaleRow] = []
        var size = 0
        var next: Int64?
        try translating { () throws(SQLiteError) in
            try connection.query(
                "SELECT \(rowID), namespace, name, revision, document FROM \(table) WHERE kind = ?1 AND \(rowID) > ?2 "
                    + "AND substr(document, 1, ?3) <> ?4 ORDER BY \(rowID)",
                [
                    .text(kind.tableName), .integer(position), .integer(Int64(SealedDocument.prefixCount)),
                    .bytes(SealedDocument.prefix(of: key)),
                ]
            ) { columns in
                let row = StaleRow(
                    rowID: columns.integer(0),
                    id: RecordID(kind, namespace: columns.text(1), name: columns.text(2)),
                    revision: columns.integer(3), bytes: columns.bytes(4))
                rows.append(row)
                size += row.bytes.count
                guard rows.count < Self.rowLimit, size < Self.byteLimit else {
                    next = row.rowID
                    return false
                }
                return true
            }
        }
        return (rows, next)
    }

    private func seal(
        _ rows: [StaleRow], _ table: String, _ rowID: String, _ vault: RecordVault, _ progress: Progress
    ) throws(StoreError) {
        var sealed: [(Int64, [UInt8])] = []
        for row in rows {
            let document = try vault.opened(
                row.bytes, of: row.id, at: row.revision, path: path, allowsClear: progress == .clear)
            sealed.append((row.rowID, vault.stored(document, of: row.id, at: row.revision)))
        }
        try translating { () throws(SQLiteError) in
            try connection.run("BEGIN IMMEDIATE")
            if progress == .done { try Self.set(.unswept, connection) }
            for (number, bytes) in sealed {
                try connection.run(
                    "UPDATE \(table) SET document = ?2 WHERE \(rowID) = ?1", [.integer(number), .bytes(bytes)])
            }
            try connection.run("COMMIT")
        }
    }

    // MARK: Progress

    private func progress() throws(SQLiteError) -> Progress {
        let value = try connection.first(
            "SELECT value FROM meta WHERE name = ?1", [.text(Self.progressName)]
        ) { $0.integer(0) }
        return value.flatMap(Progress.init(rawValue:)) ?? .done
    }

    private static func set(_ progress: Progress, _ connection: SQLiteConnection) throws(SQLiteError) {
        try connection.run(
            "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)",
            [.text(progressName), .integer(progress.rawValue)])
    }

    private func translating<Result>(_ body: () throws(SQLiteError) -> Result) throws(StoreError) -> Result {
        do {
            return try body()
        } catch {
            throw StoreError(error, path: path)
        }
    }
}
