internal import Model
internal import Threads

/// The one writer of the store: a connection, a thread, and commits shared by all who write at the same moment.
///
/// A commit waits for the disk. So the first write of a batch opens a transaction, lets every write that is already
/// waiting for this actor join it, and commits once for all of them. Each write has its own savepoint: one that is
/// refused leaves nothing, and does not hurt its neighbours. No write returns before its commit is on disk.
actor RecordWriter {
    /// The writes that share the commit to come.
    private struct Batch {
        var revision: Int64
        var changes: [Change] = []
        var writes = 0
        /// What ended the transaction before its time.
        var failure: StoreError?
        var waiting: [CheckedContinuation<StoreError?, Never>] = []
    }

    private let executor: BlockingExecutor
    private let options: StoreOptions
    private let kinds: KindTable
    private var vault: RecordVault
    private let cache: RecordCache
    private let hub: ChangeHub
    private let now: @Sendable () -> Timestamp
    private var lock: StoreLock?
    private var connection: SQLiteConnection?
    private var revision: Int64
    private var compacted: Int64
    private var batch: Batch?
    private(set) var figures = WriteFigures()

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(
        executor: BlockingExecutor, options: StoreOptions, cache: RecordCache, hub: ChangeHub,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.executor = executor
        self.options = options
        kinds = KindTable(options.kinds)
        vault = RecordVault(kinds: options.kinds, keys: [], keyFile: options.keys.path)
        self.cache = cache
        self.hub = hub
        self.now = now
        revision = 0
        compacted = 0
    }

    /// Takes the data directory and opens the file, after which writes are taken.
    ///
    /// - Returns: the keys of confidential records, and what was sealed anew with them.
    func open() throws(StoreError) -> (RecordVault, SealingReport) {
        try StoreDirectory.prepare(options.directory, for: options.path)
        let lock = try StoreLock(options)
        let (connection, vault, report) = try StoreFile(path: options.path).openForWriting(options, at: now())
        (revision, compacted) = try translating { () throws(SQLiteError) in
            func number(_ name: String) throws(SQLiteError) -> Int64 {
                try connection.first("SELECT value FROM meta WHERE name = ?1", [.text(name)]) { $0.integer(0) } ?? 0
            }
            return (try number("revision"), try number("compacted"))
        }
        self.connection = connection
        self.lock = lock
        self.vault = vault
        hub.start(at: revision)
        return (vault, report)
    }

    /// Closes the file; later writes are refused.
    ///
    /// Writes under way are finished first.
    func close() {
        // Between suspensions no batch is open but one whose leader waits for its turn; it finds the batch committed.
        if batch != nil { commit() }
        connection = nil
        lock = nil
    }

    /// Runs `body` in a transaction and returns when its changes are on disk.
    ///
    /// - Parameters:
    ///   - keep: whether the changes are meant; a trial is taken back after `body` has returned.
    ///   - body: what to read and change.
    /// - Returns: what `body` returned.
    /// - Throws: what `body` threw, after taking back all it did; or the failure of the commit.
    func write<Result: Sendable>(
        keep: Bool = true, _ body: @Sendable (RecordTransaction) throws(StoreError) -> Result
    ) async throws(StoreError) -> Result {
        let isLeader = batch == nil
        if isLeader { try begin() }
        let outcome = perform(keep: keep, body)
        let failure: StoreError?
        if isLeader {
            // Goes to the end of this actor's line, so that everyone in it now joins the batch.
            await Task.yield()
            failure = commit()
        } else {
            failure = await withCheckedContinuation { batch?.waiting.append($0) }
        }
        if let failure { throw failure }
        return try outcome.get()
    }

    // MARK: Batches

    private func begin() throws(StoreError) {
        guard let connection else { throw .unavailable(path: options.path, reason: "it is closed") }
        try translating { () throws(SQLiteError) in try connection.run("BEGIN IMMEDIATE") }
        batch = Batch(revision: revision)
    }

    private func perform<Result>(
        keep: Bool, _ body: (RecordTransaction) throws(StoreError) -> Result
    ) -> Swift.Result<Result, StoreError> {
        guard let connection, var current = batch else {
            return .failure(.unavailable(path: options.path, reason: "it is closed"))
        }
        if let failure = current.failure { return .failure(failure) }
        let transaction = RecordTransaction(
            connection: connection, path: options.path, kinds: kinds, vault: vault, cache: cache,
            revision: current.revision, now: now())
        let outcome = Swift.Result { () throws(StoreError) in try transaction.attempt(keep: keep, body) }
        if connection.isInAutocommit, case .failure(let error) = outcome {
            current.failure = error
        } else if case .success = outcome {
            current.revision = transaction.revision
            current.changes += transaction.changes
        }
        current.writes += 1
        batch = current
        return outcome
    }

    /// Ends the batch, tells watchers and everyone who waits, and returns why it failed, if it did.
    @discardableResult
    private func commit() -> StoreError? {
        guard let connection, let ended = batch else { return nil }
        batch = nil
        var failure = ended.failure
        if failure == nil {
            let clock = ContinuousClock()
            let start = clock.now
            do {
                try write(ended, to: connection)
                figures.add(ended.writes, changes: ended.changes.count, took: start.duration(to: clock.now))
                revision = ended.revision
                cache.apply(ended.changes)
                hub.publish(ended.changes)
            } catch {
                failure = error
            }
        }
        if failure != nil { figures.failedCommits += 1 }
        for waiting in ended.waiting { waiting.resume(returning: failure) }
        return failure
    }

    private func write(_ ended: Batch, to connection: SQLiteConnection) throws(StoreError) {
        do {
            try translating { () throws(SQLiteError) in
                if ended.revision != revision {
                    try connection.run(
                        "UPDATE meta SET value = ?1 WHERE name = 'revision'", [.integer(ended.revision)])
                }
                let kept = try compact(connection, head: ended.revision)
                try connection.run("COMMIT")
                compacted = kept
            }
        } catch {
            // The reason is in `error` already; a rollback fails only where SQLite has rolled back itself.
            if !connection.isInAutocommit {
                _ = try? connection.run("ROLLBACK")
            }
            throw error
        }
    }

    // MARK: History

    /// Forgets old changes, a good many at a time, and returns the revision up to which they are forgotten.
    private func compact(_ connection: SQLiteConnection, head: Int64) throws(SQLiteError) -> Int64 {
        let step = max(1, options.historyCount / 16)
        guard head / step != revision / step else { return compacted }
        let oldest = now() - options.historyAge
        let tooOld =
            try connection.first(
                "SELECT ifnull(max(revision), 0) FROM changes WHERE revision > ?1 AND time < ?2",
                [.integer(compacted), .integer(oldest.nanosecondsSinceEpoch)]
            ) { $0.integer(0) } ?? 0
        let target = max(head - options.historyCount, tooOld)
        guard target > compacted else { return compacted }
        // A state that a younger change replaced is part of that change.
        try connection.run(
            "DELETE FROM changes WHERE revision <= ?1 AND NOT EXISTS "
                + "(SELECT 1 FROM changes AS younger WHERE younger.previous = changes.revision "
                + "AND younger.revision > ?1)", [.integer(target)])
        try connection.run("UPDATE meta SET value = ?1 WHERE name = 'compacted'", [.integer(target)])
        return target
    }

    private func translating<Result>(_ body: () throws(SQLiteError) -> Result) throws(StoreError) -> Result {
        do {
            return try body()
        } catch {
            throw StoreError(error, path: options.path)
        }
    }
}

/// What the writer has done since the store was opened.
public struct WriteFigures: Sendable, Equatable {
    /// Writes that took part in a commit, with those that were refused or changed nothing.
    public internal(set) var writes = 0
    /// Commits that reached the disk.
    public internal(set) var commits = 0
    /// Commits that failed.
    public internal(set) var failedCommits = 0
    /// Records added, modified or deleted.
    public internal(set) var changes = 0
    /// The time commits took in all.
    public internal(set) var commitTime = Duration.zero

    mutating func add(_ writes: Int, changes: Int, took: Duration) {
        self.writes += writes
        self.changes += changes
        commits += 1
        commitTime += took
    }
}
