public import Model

/// Where the store keeps its records, and how much history.
public struct StoreOptions: Sendable {
    /// The data directory; made with mode 0700 if it does not exist, and locked while the store is open.
    public var directory: String
    /// The kinds of records the store takes.
    public var kinds: [Kind]
    /// The file with the keys that confidential records are sealed with; nil for `keys/records.key` in the directory.
    public var keyFile: String?
    /// How many changes are kept for watches that lag or come back.
    ///
    /// At a thousand changes a second, twenty seconds.
    public var historyCount: Int64 = 20_000
    /// How long changes are kept, if there are not too many.
    public var historyAge: Duration = .seconds(3600)

    /// Options for a store in `directory` for all kinds.
    public init(directory: String, kinds: [Kind] = RegisteredKind.all.map(\.kind)) {
        self.directory = directory
        self.kinds = kinds
    }

    /// The file with the keys.
    var keys: RecordKeyFile { RecordKeyFile(path: keyFile ?? "\(directory)/keys/records.key") }

    var path: String { "\(directory)/store.db" }
}
