internal import Model

/// The rows of the store as one write sees them, and what it changes.
///
/// Every change of a record goes through ``insert(_:)``, ``replace(_:with:)`` or ``remove(_:)``, which give it the next
/// revision and write the log entry in the same breath: records and log cannot part.
final class RecordTransaction {
    /// A record in the table, taken apart.
    struct Row {
        let rowID: Int64
        let revision: Int64
        var draft: RecordDraft
    }

    let path: String
    let now: Timestamp
    private let vault: RecordVault
    private let connection: SQLiteConnection
    private let kinds: KindTable
    private let cache: RecordCache
    /// The revision of the newest change.
    private(set) var revision: Int64
    /// What was changed, in order.
    private(set) var changes: [Change] = []

    init(
        connection: SQLiteConnection, path: String, kinds: KindTable, vault: RecordVault, cache: RecordCache,
        revision: Int64, now: Timestamp
    ) {
        self.connection = connection
        self.path = path
        self.kinds = kinds
        self.vault = vault
        self.cache = cache
        self.revision = revision
        self.now = now
    }

    /// The kind of namespaces, if this store has any.
    var namespaceKind: Kind? { kinds.namespaces }

    /// A point to which the transaction can return.
    struct Mark {
        fileprivate let revision: Int64
        fileprivate let changes: Int
    }

    /// Runs `body`, and takes back all it did when it throws, or when `keep` is false.
    func attempt<Result>(
        keep: Bool = true, _ body: (RecordTransaction) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        let mark = Mark(revision: revision, changes: changes.count)
        try run("SAVEPOINT attempt")
        do {
            let result = try body(self)
            if !keep { try rollBack(to: mark) }
            try run("RELEASE attempt")
            return result
        } catch {
            // After a full disk SQLite has taken back the whole transaction itself, savepoint and all.
            if !connection.isInAutocommit {
                do throws(StoreError) {
                    try rollBack(to: mark)
                    try run("RELEASE attempt")
                } catch {
                    // What was refused must not be kept with the rest of the batch: then nothing of it is.
                    try run("ROLLBACK")
                    throw error
                }
            }
            throw error
        }
    }

    private func rollBack(to mark: Mark) throws(StoreError) {
        try run("ROLLBACK TO attempt")
        revision = mark.revision
        changes.removeLast(changes.count - mark.changes)
    }

    // MARK: Reading

    /// The record, if there is one.
    func row(_ id: RecordID) throws(StoreError) -> Row? {
        try rows("kind = ?1 AND namespace = ?2 AND name = ?3", Self.key(of: id), limit: 1).first
    }

    /// The record, which must exist.
    func existing(_ id: RecordID) throws(StoreError) -> Row {
        guard let row = try row(id) else { throw .notFound(id) }
        return row
    }

    /// The records that name `uid` as an owner.
    func dependents(of uid: String) throws(StoreError) -> [Row] {
        try rows("id IN (SELECT record FROM owners WHERE owner = ?1)", [.text(uid)])
    }

    /// The records in a namespace, at most `limit` of them.
    func rows(inNamespace namespace: String, limit: Int = Int.max) throws(StoreError) -> [Row] {
        try rows("namespace = ?1", [.text(namespace)], limit: limit)
    }

    /// The records of a kind in a namespace.
    func rows(of kind: Kind, in namespace: String) throws(StoreError) -> [Row] {
        try rows("kind = ?1 AND namespace = ?2", [.text(kind.tableName), .text(namespace)])
    }

    /// How many records of a kind there are in a namespace.
    func count(_ kind: Kind, in namespace: String) throws(StoreError) -> Int {
        let count = try first(
            "SELECT count(*) FROM records WHERE kind = ?1 AND namespace = ?2",
            [.text(kind.tableName), .text(namespace)])
        return Int(count ?? 0)
    }

    /// Whether a record with this identity exists.
    func exists(uid: String) throws(StoreError) -> Bool {
        try first("SELECT 1 FROM records WHERE uid = ?1", [.text(uid)]) != nil
    }

    private func rows(
        _ condition: String, _ values: [SQLiteValue], limit: Int = Int.max
    ) throws(StoreError) -> [Row] {
        var found: [(id: Int64, row: StoredRow)] = []
        try translating { () throws(SQLiteError) in
            try connection.query(
                "SELECT id, kind, namespace, name, revision, document FROM records WHERE \(condition) ORDER BY id",
                values
            ) { columns in
                // A kind this program does not know came from a newer one; it stays as it is.
                guard let kind = kinds[columns.text(1)] else { return true }
                let id = RecordID(kind, namespace: columns.text(2), name: columns.text(3))
                let row = StoredRow(id: id, revision: columns.integer(4), bytes: columns.bytes(5), vault: vault)
                found.append((columns.integer(0), row))
                return found.count < limit
            }
        }
        var rows: [Row] = []
        for (rowID, stored) in found {
            let draft = try RecordDraft(try stored.record(from: cache, path: path).document, kind: stored.id.kind)
            rows.append(Row(rowID: rowID, revision: stored.revision, draft: draft))
        }
        return rows
    }

    // MARK: Changing

    /// Adds a record.
    func insert(_ draft: RecordDraft) throws(StoreError) -> Record {
        var draft = draft
        let (record, bytes) = nextState(of: &draft)
        try run(
            "INSERT INTO records (kind, namespace, name, uid, revision, document) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            Self.key(of: record.id) + [.text(draft.metadata.uid), .integer(revision), .bytes(bytes)])
        if !draft.owners.isEmpty || !draft.metadata.labels.isEmpty {
            let rowID = try first("SELECT id FROM records WHERE uid = ?1", [.text(draft.metadata.uid)]) ?? 0
            try addOwners(draft.owners, to: rowID)
            try addLabels(draft.metadata.labels, to: rowID)
        }
        try log(.added, record, bytes, previous: nil)
        return record
    }

    /// Replaces what a record says.
    func replace(_ row: Row, with draft: RecordDraft) throws(StoreError) -> Record {
        var draft = draft
        let (record, bytes) = nextState(of: &draft)
        try keepInLog(row)
        try run(
            "UPDATE records SET revision = ?2, document = ?3 WHERE id = ?1",
            [.integer(row.rowID), .integer(revision), .bytes(bytes)])
        if row.draft.owners != draft.owners {
            try run("DELETE FROM owners WHERE record = ?1", [.integer(row.rowID)])
            try addOwners(draft.owners, to: row.rowID)
        }
        if row.draft.metadata.labels != draft.metadata.labels {
            try run("DELETE FROM labels WHERE record = ?1", [.integer(row.rowID)])
            try addLabels(draft.metadata.labels, to: row.rowID)
        }
        try log(.modified, record, bytes, previous: row)
        return record
    }

    /// Takes a record out; the result carries the revision of the removal, as watches report it.
    func remove(_ row: Row) throws(StoreError) -> Record {
        var draft = row.draft
        let (record, bytes) = nextState(of: &draft)
        try keepInLog(row)
        try run("DELETE FROM records WHERE id = ?1", [.integer(row.rowID)])
        try run("DELETE FROM owners WHERE record = ?1", [.integer(row.rowID)])
        try run("DELETE FROM labels WHERE record = ?1", [.integer(row.rowID)])
        try log(.deleted, record, bytes, previous: row)
        return record
    }

    /// The record as it will be, and its document as the file will hold it.
    private func nextState(of draft: inout RecordDraft) -> (Record, [UInt8]) {
        revision += 1
        draft.metadata.resourceVersion = String(revision)
        let document = draft.document
        let json = document.jsonBytes
        let record = Record(id: draft.id, revision: revision, document: document, json: json)
        return (record, vault.stored(json, of: record.id, at: revision))
    }

    private func addOwners(_ owners: Set<String>, to rowID: Int64) throws(StoreError) {
        for owner in owners {
            try run("INSERT INTO owners (owner, record) VALUES (?1, ?2)", [.text(owner), .integer(rowID)])
        }
    }

    private func addLabels(_ labels: [String: String], to rowID: Int64) throws(StoreError) {
        for (key, value) in labels {
            try run("INSERT INTO labels (label, record) VALUES (?1, ?2)", [.text("\(key)=\(value)"), .integer(rowID)])
        }
    }

    // MARK: Log

    /// Makes sure that the log holds the state a change is about to replace, also if it was compacted away: a list at
    /// an older revision and a watch with a selector need it.
    private func keepInLog(_ row: Row) throws(StoreError) {
        try run(
            "INSERT OR IGNORE INTO changes (revision, type, kind, namespace, name, previous, time, document) "
                + "SELECT revision, \(Change.Kind.base.rawValue), kind, namespace, name, NULL, ?2, document FROM records "
                + "WHERE id = ?1",
            [.integer(row.rowID), .integer(now.nanosecondsSinceEpoch)])
    }

    private func log(
        _ type: Change.Kind, _ record: Record, _ bytes: [UInt8], previous: Row?
    ) throws(StoreError) {
        try run(
            "INSERT INTO changes (revision, type, kind, namespace, name, previous, time, document) "
                + "VALUES (?4, ?5, ?1, ?2, ?3, ?6, ?7, ?8)",
            Self.key(of: record.id) + [
                .integer(record.revision), .integer(type.rawValue), previous.map { .integer($0.revision) } ?? .null,
                .integer(now.nanosecondsSinceEpoch), .bytes(bytes),
            ])
        changes.append(
            Change(
                kind: type, record: record,
                previous: previous.map { Record(id: record.id, revision: $0.revision, document: $0.draft.document) }))
    }

    // MARK: SQL

    private func run(_ sql: String, _ values: [SQLiteValue] = []) throws(StoreError) {
        try translating { () throws(SQLiteError) in try connection.run(sql, values) }
    }

    private func first(_ sql: String, _ values: [SQLiteValue]) throws(StoreError) -> Int64? {
        try translating { () throws(SQLiteError) in try connection.first(sql, values) { $0.integer(0) } }
    }

    private func translating<Result>(_ body: () throws(SQLiteError) -> Result) throws(StoreError) -> Result {
        do {
            return try body()
        } catch {
            throw StoreError(error, path: path)
        }
    }

    private static func key(of id: RecordID) -> [SQLiteValue] {
        [.text(id.kind.tableName), .text(id.namespace), .text(id.name)]
    }
}
