import Glibc
internal import Model

/// The store's database file: how it comes into being and how it is opened.
///
/// A new file gets its tables under another name and its own name last. So a file under that name is complete or
/// damaged, never half made, and an emptied one is told from a new one.
struct StoreFile {
    /// The form of the tables; a file with a higher number was written by a newer program and is refused.
    static let schemaVersion: Int64 = 3
    /// What marks a database as ours (SQLite's `application_id`): "Lode".
    static let applicationID: Int64 = 0x4C6F_6465

    /// Where records are found by a label, written as in a selector: `tier=gold`.
    private static let labels = """
        CREATE TABLE labels (
            label TEXT NOT NULL,
            record INTEGER NOT NULL,
            PRIMARY KEY (label, record)
        ) WITHOUT ROWID;
        CREATE INDEX labels_by_record ON labels (record);
        """

    private static let tables = """
        CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        INSERT INTO meta VALUES ('revision', 0), ('compacted', 0);
        CREATE TABLE records (
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            uid TEXT NOT NULL UNIQUE,
            revision INTEGER NOT NULL,
            document BLOB NOT NULL,
            UNIQUE (kind, namespace, name)
        );
        CREATE INDEX records_by_namespace ON records (namespace);
        CREATE TABLE owners (
            owner TEXT NOT NULL,
            record INTEGER NOT NULL,
            PRIMARY KEY (owner, record)
        ) WITHOUT ROWID;
        CREATE INDEX owners_by_record ON owners (record);
        \(labels)
        CREATE TABLE changes (
            revision INTEGER PRIMARY KEY,
            type INTEGER NOT NULL,
            kind TEXT NOT NULL,
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            previous INTEGER,
            time INTEGER NOT NULL,
            document BLOB NOT NULL
        );
        CREATE INDEX changes_by_previous ON changes (previous) WHERE previous IS NOT NULL;
        PRAGMA application_id = \(applicationID);
        PRAGMA user_version = \(schemaVersion);
        """

    let path: String

    /// Opens the file for the one writer, making it first if there is none.
    ///
    /// - Throws: ``StoreError`` `.corrupt` for a damaged or foreign file, `.unavailable` for one of a newer program.
    func openForWriting(
        _ options: StoreOptions, at now: Timestamp
    ) throws(StoreError) -> (SQLiteConnection, RecordVault, SealingReport) {
        if access(path, F_OK) != 0 {
            guard errno == ENOENT else { throw unavailable(errno) }
            try create()
        }
        let (connection, version) = try translating { () throws(SQLiteError) in
            let connection = try SQLiteConnection(path: path, mode: .write)
            return (connection, try verify(connection))
        }
        let pass = SealingPass(connection: connection, path: path, kinds: options.kinds, keyFile: options.keys)
        // Before anything is changed: without its keys a store is left as it is.
        let vault = try pass.vault(at: now)
        try translating { () throws(SQLiteError) in
            if version < 2 { try addLabels(connection) }
            if version < 3 { try expectClearRecords(connection) }
            try connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY")
            // After a burst the log is cut back to this size; 4096-byte pages, so it is checkpointed at 4 MB.
            try connection.execute("PRAGMA journal_size_limit = 16777216; PRAGMA wal_autocheckpoint = 1000")
        }
        return (connection, vault, try pass.run(vault))
    }

    /// Opens the file for reading beside the writer.
    func openForReading() throws(StoreError) -> SQLiteConnection {
        try translating { () throws(SQLiteError) in
            let connection = try SQLiteConnection(path: path, mode: .read)
            try connection.execute("PRAGMA temp_store = MEMORY")
            return connection
        }
    }

    private func create() throws(StoreError) {
        let draft = path + ".new"
        // What an earlier attempt left was never the store.
        for leftover in [draft, draft + "-journal", draft + "-wal", draft + "-shm"] { unlink(leftover) }
        // SQLite gives its other files the mode of this one; secrets are among the records.
        let descriptor = open(draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw unavailable(errno) }
        close(descriptor)
        try translating { () throws(SQLiteError) in
            let connection = try SQLiteConnection(path: draft, mode: .write)
            try connection.execute("PRAGMA synchronous = EXTRA; BEGIN; \(Self.tables); COMMIT")
        }
        guard rename(draft, path) == 0 else { throw unavailable(errno) }
        try synchroniseDirectory()
    }

    private func synchroniseDirectory() throws(StoreError) {
        let directory = open(
            String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)), O_RDONLY | O_CLOEXEC)
        guard directory >= 0 else { throw unavailable(errno) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw unavailable(errno) }
    }

    /// Makes the one table that files of format 1 lack.
    private func addLabels(_ connection: SQLiteConnection) throws(SQLiteError) {
        try connection.execute(
            """
            BEGIN IMMEDIATE;
            \(Self.labels)
            INSERT INTO labels SELECT label.key || '=' || label.value, records.id
            FROM records, json_each(CAST(records.document AS TEXT), '$.metadata.labels') AS label;
            PRAGMA user_version = 2;
            COMMIT
            """)
    }

    /// Says that confidential records may be in clear, as programs up to format 2 wrote them; the new format keeps those
    /// programs from meeting sealed ones.
    private func expectClearRecords(_ connection: SQLiteConnection) throws(SQLiteError) {
        try connection.execute("BEGIN IMMEDIATE")
        try SealingPass.markClear(connection)
        try connection.execute("PRAGMA user_version = 3; COMMIT")
    }

    /// Refuses what is not a sound file of ours, before anything is written to it, and returns its format.
    private func verify(_ connection: SQLiteConnection) throws(SQLiteError) -> Int64 {
        let application = try connection.first("PRAGMA application_id") { $0.integer(0) }
        guard application == Self.applicationID else {
            throw SQLiteError.damaged("it is not a store of lodestone")
        }
        let version = try connection.first("PRAGMA user_version") { $0.integer(0) } ?? 0
        guard version <= Self.schemaVersion else {
            throw SQLiteError.refused(
                "it was written by a newer lodestone (format \(version), this one knows \(Self.schemaVersion)); "
                    + "use that version")
        }
        let verdict = try connection.first("PRAGMA quick_check(1)") { $0.text(0) } ?? "no answer"
        guard verdict == "ok" else { throw SQLiteError.damaged(verdict) }
        let sound = try connection.first(
            "SELECT (SELECT value FROM meta WHERE name = 'revision') >= (SELECT ifnull(max(revision), 0) FROM records)"
        ) { $0.integer(0) }
        guard sound == 1 else { throw SQLiteError.damaged("records are newer than the store's own revision") }
        return version
    }

    private func translating<Result>(_ body: () throws(SQLiteError) -> Result) throws(StoreError) -> Result {
        do {
            return try body()
        } catch {
            throw StoreError(error, path: path)
        }
    }

    private func unavailable(_ code: Int32) -> StoreError {
        code == ENOSPC ? .full(path: path) : .unavailable(path: path, reason: String(cString: strerror(code)))
    }
}
