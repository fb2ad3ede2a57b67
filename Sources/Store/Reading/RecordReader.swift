internal import Model
internal import Threads

/// The store's reading side: a connection and a thread of its own, so that no read waits for a commit.
actor RecordReader {
    private let executor: BlockingExecutor
    private let path: String
    private let kinds: KindTable
    private var connection: SQLiteConnection?
    private var vault: RecordVault

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(executor: BlockingExecutor, options: StoreOptions) {
        self.executor = executor
        path = options.path
        kinds = KindTable(options.kinds)
        vault = RecordVault(kinds: options.kinds, keys: [], keyFile: options.keys.path)
    }

    /// Opens the file, after which reads are answered.
    func open(_ vault: RecordVault) throws(StoreError) {
        self.vault = vault
        connection = try StoreFile(path: path).openForReading()
    }

    /// Closes the file; later reads are refused.
    func close() {
        connection = nil
    }

    /// The record as it was last committed.
    func row(_ id: RecordID) throws(StoreError) -> StoredRow {
        let row = try reading { (connection) throws(SQLiteError) in
            try connection.first(
                "SELECT revision, document FROM records WHERE kind = ?1 AND namespace = ?2 AND name = ?3",
                [.text(id.kind.tableName), .text(id.namespace), .text(id.name)]
            ) { StoredRow(id: id, revision: $0.integer(0), bytes: $0.bytes(1), vault: vault) }
        }
        guard let row else { throw .notFound(id) }
        return row
    }

    /// A stretch of a list: rows in order of namespace and name, as they were at one revision.
    struct Page: Sendable {
        var rows: [StoredRow] = []
        /// The revision of the whole list.
        let revision: Int64
        /// Whether there is more after the last row.
        var isCut = false
        /// How many rows follow, where that can be told without looking into them.
        var remaining: Int?
    }

    /// Reads a stretch of a list.
    ///
    /// The state at an older revision is made of the records not changed since, and of the states that were replaced
    /// since, which the log holds.
    ///
    /// - Parameters:
    ///   - query: the kind, namespace and name asked for.
    ///   - start: where the list before this page ended, and its revision; nil for the first page.
    ///   - limit: how many rows at most.
    ///   - isWanted: which rows count; asked on this actor.
    /// - Returns: the rows.
    /// - Throws: `.expired` when the log does not reach back to the list's revision.
    func page(
        _ query: RecordQuery, after start: ContinueToken?, limit: Int,
        where isWanted: (@Sendable (StoredRow) throws(StoreError) -> Bool)?
    ) throws(StoreError) -> Page {
        var refusal: StoreError?
        let page = try reading { (connection) throws(SQLiteError) -> Page? in
            let (head, compacted) = try limits(connection)
            let revision = (start == nil ? query.revision : start?.revision) ?? head
            guard revision >= compacted, revision <= head else {
                refusal = .expired(revision: revision, oldest: compacted)
                return nil
            }
            var page = Page(revision: revision)
            let label = revision == head ? query.labels.indexed : nil
            try connection.query(
                label != nil
                    ? Self.labelledPageStatement : revision == head ? Self.newestPageStatement : Self.pageStatement,
                [
                    .text(query.kind.tableName), .integer(revision),
                    query.namespace.map { .text($0) } ?? .null, query.name.map { .text($0) } ?? .null,
                    .text(start?.namespace ?? ""), .text(start?.name ?? ""),
                ] + (label.map { [.text($0)] } ?? [])
            ) { columns in
                let row = StoredRow(
                    id: RecordID(query.kind, namespace: columns.text(0), name: columns.text(1)),
                    revision: columns.integer(2), bytes: columns.bytes(3), vault: vault)
                do throws(StoreError) {
                    guard try isWanted?(row) ?? true else { return true }
                } catch {
                    refusal = error
                    return false
                }
                guard page.rows.count < limit else {
                    page.isCut = true
                    return false
                }
                page.rows.append(row)
                return true
            }
            if page.isCut, isWanted == nil, let last = page.rows.last?.id {
                page.remaining = try connection.first(
                    revision == head ? Self.newestCountStatement : Self.countStatement,
                    [
                        .text(query.kind.tableName), .integer(revision),
                        query.namespace.map { .text($0) } ?? .null, query.name.map { .text($0) } ?? .null,
                        .text(last.namespace), .text(last.name),
                    ]
                ) { Int($0.integer(0)) }
            }
            return page
        }
        if let refusal { throw refusal }
        guard let page else { throw .unavailable(path: path, reason: "the list was not read") }
        return page
    }

    /// Nothing was changed since the newest revision, so that the log need not be looked at.
    private static let newestPageStatement = """
        SELECT namespace, name, revision, document FROM records
        WHERE kind = ?1 AND revision <= ?2 AND (?3 IS NULL OR namespace = ?3) AND (?4 IS NULL OR name = ?4)
            AND (namespace, name) > (?5, ?6)
        ORDER BY namespace, name
        """

    /// Told from the index alone.
    private static let newestCountStatement = """
        SELECT count(*) FROM records
        WHERE kind = ?1 AND ?2 >= 0 AND (?3 IS NULL OR namespace = ?3) AND (?4 IS NULL OR name = ?4)
            AND (namespace, name) > (?5, ?6)
        """

    private static let countStatement = "SELECT count(*) FROM (\(pageStatement))"

    /// The same for records with a label, found by it.
    private static let labelledPageStatement = """
        SELECT namespace, name, revision, document FROM records
        WHERE id IN (SELECT record FROM labels WHERE label = ?7)
            AND +kind = ?1 AND revision <= ?2 AND (?3 IS NULL OR namespace = ?3) AND (?4 IS NULL OR name = ?4)
            AND (+namespace, name) > (?5, ?6)
        ORDER BY namespace, name
        """

    /// The plus sign keeps SQLite from going through all of the log by the index on `previous`, instead of through the
    /// changes since the revision.
    private static let pageStatement = """
        SELECT namespace, name, revision, document FROM records
        WHERE kind = ?1 AND revision <= ?2 AND (?3 IS NULL OR namespace = ?3) AND (?4 IS NULL OR name = ?4)
            AND (namespace, name) > (?5, ?6)
        UNION ALL
        SELECT replaced.namespace, replaced.name, replaced.revision, replaced.document
        FROM changes JOIN changes AS replaced ON replaced.revision = changes.previous
        WHERE changes.revision > ?2 AND +changes.previous <= ?2 AND changes.kind = ?1
            AND (?3 IS NULL OR changes.namespace = ?3) AND (?4 IS NULL OR changes.name = ?4)
            AND (changes.namespace, changes.name) > (?5, ?6)
        ORDER BY 1, 2
        """

    /// An entry of the log as read from the file.
    struct LogEntry: Sendable {
        let kind: Change.Kind
        let row: StoredRow
        let previous: StoredRow?
    }

    /// Reads the log.
    ///
    /// - Parameters:
    ///   - position: the revision after which to begin.
    ///   - name: the kind wanted, by table name.
    ///   - limit: how many entries to look at.
    /// - Returns: the entries of that kind, and the revision up to which the log was looked at.
    /// - Throws: `.expired` when the log does not reach back to `position`, or `position` lies in the future.
    func changes(
        after position: Int64, kind name: String, limit: Int
    ) throws(StoreError) -> (entries: [LogEntry], upTo: Int64) {
        let (head, compacted, entries, last) = try reading { (connection) throws(SQLiteError) in
            let (head, compacted) = try limits(connection)
            var entries: [LogEntry] = []
            var (seen, last) = (0, position)
            if position >= compacted {
                try connection.query(Self.logStatement, [.integer(position), .integer(Int64(limit))]) { columns in
                    seen += 1
                    last = columns.integer(0)
                    if let entry = logEntry(columns, of: name) { entries.append(entry) }
                    return true
                }
            }
            return (head, compacted, entries, seen < limit ? head : last)
        }
        guard position >= compacted, position <= head else {
            throw .expired(revision: position, oldest: compacted)
        }
        return (entries, last)
    }

    private static let logStatement = """
        SELECT changes.revision, changes.type, changes.kind, changes.namespace, changes.name, changes.document,
            changes.previous, replaced.document
        FROM changes LEFT JOIN changes AS replaced ON replaced.revision = changes.previous
        WHERE changes.revision > ?1 ORDER BY changes.revision LIMIT ?2
        """

    private func logEntry(_ columns: SQLiteRow, of wanted: String) -> LogEntry? {
        let name = columns.text(2)
        guard name == wanted, let kind = kinds[name], let type = Change.Kind(rawValue: columns.integer(1)) else {
            return nil
        }
        let id = RecordID(kind, namespace: columns.text(3), name: columns.text(4))
        return LogEntry(
            kind: type, row: StoredRow(id: id, revision: columns.integer(0), bytes: columns.bytes(5), vault: vault),
            previous: columns.isNull(6)
                ? nil : StoredRow(id: id, revision: columns.integer(6), bytes: columns.bytes(7), vault: vault))
    }

    /// The newest revision, the one up to which history is forgotten, and how many records of each kind there are.
    func counts() throws(StoreError) -> (revision: Int64, compacted: Int64, records: [String: Int]) {
        try reading { (connection) throws(SQLiteError) in
            let (head, compacted) = try limits(connection)
            var records: [String: Int] = [:]
            try connection.query("SELECT kind, count(*) FROM records GROUP BY kind", []) { columns in
                records[columns.text(0)] = Int(columns.integer(1))
                return true
            }
            return (head, compacted, records)
        }
    }

    private func limits(_ connection: SQLiteConnection) throws(SQLiteError) -> (head: Int64, compacted: Int64) {
        try connection.first(
            "SELECT (SELECT value FROM meta WHERE name = 'revision'), (SELECT value FROM meta WHERE name = 'compacted')"
        ) { ($0.integer(0), $0.integer(1)) } ?? (0, 0)
    }

    /// Runs `body` so that all it reads is of one moment.
    private func reading<Result>(
        _ body: (SQLiteConnection) throws(SQLiteError) -> Result
    ) throws(StoreError) -> Result {
        guard let connection else { throw .unavailable(path: path, reason: "it is closed") }
        do {
            try connection.run("BEGIN")
            // A transaction that only read has nothing to lose by its end.
            defer { _ = try? connection.run("COMMIT") }
            return try body(connection)
        } catch {
            throw StoreError(error, path: path)
        }
    }
}
