public import Model
internal import Threads

/// The records of one controller: versioned documents in an SQLite file, with a history that can be watched.
///
/// Everything the product knows and is asked for passes through here. The rules are those of the Kubernetes API: one
/// revision for the whole store that only grows, optimistic locking by `metadata.resourceVersion`, `generation` moved
/// by a changed spec only, status written apart, finalizers, owners. A write that returns is on disk.
public final class RecordStore: Sendable {
    private let options: StoreOptions
    private let writer: RecordWriter
    private let reader: RecordReader
    private let cache: RecordCache
    private let hub: ChangeHub
    /// What was sealed anew when the store was opened.
    public let sealing: SealingReport

    private init(
        _ options: StoreOptions, _ sealing: SealingReport, writer: RecordWriter, reader: RecordReader,
        cache: RecordCache, hub: ChangeHub
    ) {
        self.options = options
        self.sealing = sealing
        self.cache = cache
        self.writer = writer
        self.reader = reader
        self.hub = hub
    }

    /// Opens the store of a data directory, making it if there is none.
    ///
    /// - Parameters:
    ///   - options: where, and how much history.
    ///   - now: the clock for times in metadata.
    /// - Returns: the open store.
    /// - Throws: `.locked` while another process has it, `.corrupt` for a damaged file, which is never touched,
    ///   `.unavailable` for a file of a newer program or a directory that cannot be used, `.full`.
    public static func open(
        _ options: StoreOptions, now: @escaping @Sendable () -> Timestamp = { .now }
    ) async throws(StoreError) -> RecordStore {
        let hub = ChangeHub()
        let cache = RecordCache()
        let writer = RecordWriter(executor: BlockingExecutor(), options: options, cache: cache, hub: hub, now: now)
        let reader = RecordReader(executor: BlockingExecutor(), options: options)
        let (vault, sealing) = try await writer.open()
        try await reader.open(vault)
        let store = RecordStore(options, sealing, writer: writer, reader: reader, cache: cache, hub: hub)
        try await store.ensureDefaultNamespace()
        return store
    }

    /// Ends all watches and closes the file; later calls are refused and the data directory is free for others.
    public func close() async {
        hub.end()
        cache.close()
        await reader.close()
        await writer.close()
    }

    /// The directory of the store.
    public var directory: String { options.directory }

    /// The newest revision that is committed.
    public var revision: Int64 { hub.head }

    private func ensureDefaultNamespace() async throws(StoreError) {
        guard let kind = KindTable(options.kinds).namespaces else { return }
        let id = RecordID(kind, namespace: "", name: "default")
        try await writer.write { (transaction) throws(StoreError) in
            guard try transaction.row(id) == nil else { return }
            _ = try transaction.create(try RecordDraft(Namespace(name: id.name).document, kind: kind))
        }
    }

    // MARK: Reading

    /// The record as it is now.
    ///
    /// - Throws: `.notFound`.
    public func get(_ id: RecordID) async throws(StoreError) -> Record {
        let (known, moment) = cache.look(up: id)
        switch known {
        case .present(let record): return record
        case .absent: throw .notFound(id)
        case nil: break
        }
        do throws(StoreError) {
            let record = try await reader.row(id).record(path: options.path)
            cache.keep(.present(record), of: id, ifStillAt: moment)
            return record
        } catch {
            if case .notFound = error { cache.keep(.absent, of: id, ifStillAt: moment) }
            throw error
        }
    }

    /// Records as they were at one revision; with a limit, further pages are of the same revision.
    ///
    /// - Throws: `.expired` when the history does not reach back to the revision of the first page.
    public func list(_ query: RecordQuery) async throws(StoreError) -> RecordList {
        try await reader.list(
            query, after: query.continuation, limit: query.limit ?? .max, cache: cache, path: options.path)
    }

    /// The same as ``list(_:)`` for whoever passes the records on as they are, which is faster by far.
    ///
    /// - Throws: `.expired` when the history does not reach back to the revision asked for; `.corrupt` for a row that is
    ///   not what was written, as far as that shows without parsing.
    public func listing(_ query: RecordQuery) async throws(StoreError) -> RecordListing {
        try await reader.listing(query, cache: cache, path: options.path)
    }

    /// The changes of records, from now on or from the revision of a list.
    ///
    /// - Parameters:
    ///   - query: which records; its limit and continuation do not count.
    ///   - start: where to begin.
    /// - Returns: the changes, to be iterated once.
    public func watch(_ query: RecordQuery, from start: WatchStart) -> RecordWatch {
        RecordWatch(query, from: start, reader: reader, cache: cache, hub: hub, path: options.path)
    }

    // MARK: Writing

    /// Adds a record; the server's part of its metadata is set here, a status is not taken over.
    ///
    /// - Parameters:
    ///   - document: the record, checked and normalised by its kind before.
    ///   - kind: its kind.
    ///   - isTrial: whether to say what would happen and change nothing.
    ///   - condition: what must hold of all records with this one among them.
    /// - Returns: the record as stored.
    /// - Throws: `.alreadyExists`, `.notFound` for its namespace, `.conflict` for an owner or a namespace that is going,
    ///   `.refused` where the condition does not hold.
    public func create(
        _ document: Value, kind: Kind, isTrial: Bool = false, provided condition: WriteCondition? = nil
    ) async throws(StoreError) -> Record {
        try await write(document, kind, isTrial, condition) { (transaction, draft) throws(StoreError) in
            try transaction.create(draft)
        }
    }

    /// Replaces a record but for its status and the server's part of its metadata.
    ///
    /// - Parameters:
    ///   - document: the record; `metadata.resourceVersion` and `metadata.uid` are conditions where they are given.
    ///   - kind: its kind.
    ///   - isTrial: whether to say what would happen and change nothing.
    ///   - condition: what must hold of all records with this one among them.
    /// - Returns: the record as stored; with its old revision when it said the same already.
    /// - Throws: `.notFound`, `.conflict` when it was changed meanwhile, `.invalid`, `.refused` where the condition does
    ///   not hold.
    public func update(
        _ document: Value, kind: Kind, isTrial: Bool = false, provided condition: WriteCondition? = nil
    ) async throws(StoreError) -> Record {
        try await write(document, kind, isTrial, condition) { (transaction, draft) throws(StoreError) in
            try transaction.update(draft)
        }
    }

    /// Replaces the status of a record and nothing else.
    ///
    /// - Parameters:
    ///   - document: the record; `metadata.resourceVersion` and `metadata.uid` are conditions where they are given.
    ///   - kind: its kind.
    ///   - isTrial: whether to say what would happen and change nothing.
    /// - Returns: the record as stored; with its old revision when it said the same already.
    /// - Throws: `.notFound`, `.conflict`, `.invalid` for a kind without status.
    public func updateStatus(
        _ document: Value, kind: Kind, isTrial: Bool = false
    ) async throws(StoreError) -> Record {
        try await write(document, kind, isTrial) { (transaction, draft) throws(StoreError) in
            try transaction.updateStatus(draft)
        }
    }

    /// Brings a record to what is declared, creating it if need be.
    ///
    /// Labels, annotations, owners and finalizers the
    /// declaration does not speak of are left alone.
    ///
    /// - Parameters:
    ///   - document: the declaration; `metadata.resourceVersion` and `metadata.uid` are conditions where given.
    ///   - kind: its kind.
    ///   - isTrial: whether to say what would happen and change nothing.
    /// - Returns: the record as stored; with its old revision when it said the same already.
    /// - Throws: what ``create(_:kind:isTrial:provided:)`` and ``update(_:kind:isTrial:provided:)`` throw.
    public func apply(
        _ document: Value, kind: Kind, isTrial: Bool = false
    ) async throws(StoreError) -> Record {
        try await write(document, kind, isTrial) { (transaction, draft) throws(StoreError) in
            try transaction.apply(draft)
        }
    }

    /// Removes a record and what it owns; those with finalizers are marked and go with the last of them.
    ///
    /// - Throws: `.notFound`, `.conflict` when a condition of `options` does not hold.
    @discardableResult
    public func delete(
        _ id: RecordID, _ options: DeleteOptions = DeleteOptions()
    ) async throws(StoreError) -> Deletion {
        try await writer.write(keep: !options.isDryRun) { (transaction) throws(StoreError) in
            try transaction.delete(id, options)
        }
    }

    /// Shows a newer status of a record without writing it: a status that says nothing new, but for times and figures.
    ///
    /// Whoever reads the record from now on sees it, whoever writes the record builds on it. The record's revision stays
    /// and no watch is told. After a kill the record has the status that was last written, with its older times. Only
    /// the control loop calls this.
    ///
    /// - Parameters:
    ///   - object: what a pass made of `base`; nothing but its status may differ.
    ///   - base: the record the pass was given.
    ///   - limit: how long after its last write the record is written at the latest.
    /// - Returns: `false` if nothing was done and the status has to be written: the record was written since, or not for
    ///   `limit`.
    package func refresh(_ object: some SpecifiedResource, since base: Record, limit: Duration) -> Bool {
        cache.refresh(Record(base, withStatusOf: object), limit: limit)
    }

    /// Stores what a reconcile pass made of a record; see ``RecordTransaction/writeBack(_:since:)``.
    func writeBack(_ document: Value, since base: Value, kind: Kind) async throws(StoreError) -> Record {
        let base = try RecordDraft(base, kind: kind)
        return try await write(document, kind, false) { (transaction, draft) throws(StoreError) in
            try transaction.writeBack(draft, since: base)
        }
    }

    private func write(
        _ document: Value, _ kind: Kind, _ isTrial: Bool, _ condition: WriteCondition? = nil,
        _ body: @Sendable (RecordTransaction, RecordDraft) throws(StoreError) -> Record
    ) async throws(StoreError) -> Record {
        let draft = try RecordDraft(document, kind: kind)
        return try await writer.write(keep: !isTrial) { (transaction) throws(StoreError) in
            let record = try body(transaction, draft)
            try condition?.check(record.id, in: transaction)
            return record
        }
    }

    // MARK: Figures

    /// What the store holds and has done, for metrics.
    ///
    /// - Throws: `.unavailable` when it is closed.
    public func figures() async throws(StoreError) -> StoreFigures {
        let counts = try await reader.counts()
        return StoreFigures(
            revision: counts.revision, compactedRevision: counts.compacted, records: counts.records,
            fileBytes: StoreDirectory.size(of: options.path), logBytes: StoreDirectory.size(of: options.path + "-wal"),
            watchers: hub.waiterCount, writes: await writer.figures)
    }
}

/// What a store holds and has done.
public struct StoreFigures: Sendable, Equatable {
    /// The newest revision.
    public let revision: Int64
    /// The revision up to which history is forgotten.
    public let compactedRevision: Int64
    /// How many records there are, by group and kind.
    public let records: [String: Int]
    /// The size of the file in bytes.
    public let fileBytes: Int64
    /// The size of SQLite's write-ahead log in bytes.
    public let logBytes: Int64
    /// How many watches wait for a change.
    public let watchers: Int
    /// What was written since the store was opened.
    public let writes: WriteFigures
}
