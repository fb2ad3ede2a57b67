internal import CSQLite

/// One connection to an SQLite database; the only file of the program that calls SQLite.
///
/// Not `Sendable` on purpose: a connection lives inside one actor, which is the proof that no two threads use it (and
/// why it is opened without SQLite's own locking). Statements are compiled once and kept.
final class SQLiteConnection {
    /// How a database is opened.
    enum Mode {
        /// For reading and writing; the file is made when it does not exist.
        case create
        /// For reading and writing a file that must exist.
        case write
        /// For reading only.
        case read
    }

    private let handle: OpaquePointer
    private var statements: [String: OpaquePointer] = [:]

    /// Opens the database at `path`.
    ///
    /// - Throws: ``SQLiteError`` when the file cannot be opened. Whether it is a database at all only shows at the
    ///   first statement.
    init(path: String, mode: Mode) throws(SQLiteError) {
        let flags =
            switch mode {
            case .create: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            case .write: SQLITE_OPEN_READWRITE
            case .read: SQLITE_OPEN_READONLY
            }
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(path, &opened, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard code == SQLITE_OK, let opened else {
            let error = SQLiteError(code: code, message: opened.map { String(cString: sqlite3_errmsg($0)) })
            sqlite3_close_v2(opened)
            throw error
        }
        handle = opened
        // Somebody may look into the file with the sqlite3 shell; wait for such a guest rather than fail.
        sqlite3_busy_timeout(handle, 5000)
    }

    deinit {
        for statement in statements.values { sqlite3_finalize(statement) }
        // With every statement finalized this closes at once, and checkpoints the log if this was the last connection.
        sqlite3_close_v2(handle)
    }

    /// Whether no transaction is open; SQLite ends one by itself after errors such as a full disk.
    var isInAutocommit: Bool {
        sqlite3_get_autocommit(handle) != 0
    }

    /// How many rows the last statement changed.
    var changedRows: Int {
        Int(sqlite3_changes64(handle))
    }

    /// Runs one or more statements that return nothing and take no values.
    func execute(_ sql: String) throws(SQLiteError) {
        try check(sqlite3_exec(handle, sql, nil, nil, nil))
    }

    /// Runs a statement that returns no rows.
    func run(_ sql: String, _ values: [SQLiteValue] = []) throws(SQLiteError) {
        try query(sql, values) { _ in false }
    }

    /// Runs a statement and hands each row to `row`, until it returns false.
    ///
    /// - Parameters:
    ///   - sql: one statement, with `?1`, `?2`, … for the values.
    ///   - values: what to bind, in order.
    ///   - row: gets a view of the row that is valid only during the call.
    /// - Throws: ``SQLiteError``, also for an error in the midst of the rows.
    func query(
        _ sql: String, _ values: [SQLiteValue], row: (SQLiteRow) throws(SQLiteError) -> Bool
    ) throws(SQLiteError) {
        let statement = try prepared(sql)
        // A reset ends the read and drops the error; both were dealt with by then.
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        for (index, value) in values.enumerated() {
            try check(Self.bind(value, at: Int32(index + 1), of: statement))
        }
        while true {
            let code = sqlite3_step(statement)
            switch code {
            case SQLITE_ROW:
                guard try row(SQLiteRow(statement: statement)) else { return }
            case SQLITE_DONE: return
            default: throw error(code)
            }
        }
    }

    /// The first row of a query, read by `row`; nil when there is none.
    func first<Result>(
        _ sql: String, _ values: [SQLiteValue] = [], row: (SQLiteRow) throws(SQLiteError) -> Result
    ) throws(SQLiteError) -> Result? {
        var result: Result?
        try query(sql, values) { (found) throws(SQLiteError) in
            result = try row(found)
            return false
        }
        return result
    }

    private func prepared(_ sql: String) throws(SQLiteError) -> OpaquePointer {
        if let known = statements[sql] { return known }
        var compiled: OpaquePointer?
        try check(sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &compiled, nil))
        guard let compiled else { throw SQLiteError(code: SQLITE_MISUSE, message: "no statement in \"\(sql)\"") }
        statements[sql] = compiled
        return compiled
    }

    private static func bind(_ value: SQLiteValue, at index: Int32, of statement: OpaquePointer) -> Int32 {
        switch value {
        case .null: return sqlite3_bind_null(statement, index)
        case .integer(let integer): return sqlite3_bind_int64(statement, index, integer)
        case .text(var text):
            return text.withUTF8 { utf8 in
                utf8.withMemoryRebound(to: CChar.self) { characters in
                    lodestone_sqlite_bind_text(statement, index, characters.baseAddress, Int32(utf8.count))
                }
            }
        case .bytes(let bytes):
            return bytes.withUnsafeBytes { buffer in
                lodestone_sqlite_bind_blob(statement, index, buffer.baseAddress, Int32(buffer.count))
            }
        }
    }

    private func check(_ code: Int32) throws(SQLiteError) {
        guard code == SQLITE_OK else { throw error(code) }
    }

    private func error(_ code: Int32) -> SQLiteError {
        SQLiteError(code: code, message: String(cString: sqlite3_errmsg(handle)))
    }
}

/// A view of the current row of a query; read it inside the closure it is handed to, and do not keep it.
struct SQLiteRow {
    private let statement: OpaquePointer

    fileprivate init(statement: OpaquePointer) {
        self.statement = statement
    }

    /// Whether the column is NULL.
    func isNull(_ column: Int32) -> Bool {
        sqlite3_column_type(statement, column) == SQLITE_NULL
    }

    /// The column as a whole number; 0 when it is NULL.
    func integer(_ column: Int32) -> Int64 {
        sqlite3_column_int64(statement, column)
    }

    /// The column as text; empty when it is NULL.
    func text(_ column: Int32) -> String {
        String(decoding: bytes(column), as: UTF8.self)
    }

    /// A copy of the column's bytes; empty when it is NULL.
    func bytes(_ column: Int32) -> [UInt8] {
        guard let start = sqlite3_column_blob(statement, column) else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))))
    }
}

/// A value bound to a statement.
enum SQLiteValue {
    /// Nothing.
    case null
    /// A whole number.
    case integer(Int64)
    /// Text.
    case text(String)
    /// Bytes.
    case bytes([UInt8])
}

/// What SQLite said when something failed.
struct SQLiteError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The classes of failure that are told apart.
    enum Reason: Sendable {
        /// No space, or the file is at its largest size.
        case full
        /// Not a database, or a damaged one.
        case corrupt
        /// Another process holds the database for longer than the waiting time.
        case busy
        /// Anything else, mostly refusals of the file system.
        case other
    }

    /// SQLite's extended result code.
    let code: Int32
    private let message: String

    init(code: Int32, message: String?) {
        self.code = code
        self.message = message ?? String(cString: sqlite3_errstr(code))
    }

    /// The finding that a file is not what it should be.
    static func damaged(_ message: String) -> SQLiteError {
        SQLiteError(code: SQLITE_CORRUPT, message: message)
    }

    /// The decision not to work with a file that is sound.
    static func refused(_ message: String) -> SQLiteError {
        SQLiteError(code: SQLITE_AUTH, message: message)
    }

    /// The class of the failure.
    var reason: Reason {
        switch code & 0xFF {
        case SQLITE_FULL: .full
        case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
        case SQLITE_BUSY, SQLITE_LOCKED: .busy
        default: .other
        }
    }

    /// SQLite's words and code.
    var description: String {
        "\(message) (SQLite code \(code))"
    }
}
