/// Writes many keys fast: packed into transactions, several of them under way at a time.
///
/// A single put costs a round trip and a write to disk; a transaction costs the same for up to 128 of them. Writes to
/// one key are applied in the order they were given. Writes to different keys may be applied in any order, and a
/// failure leaves an unknown part of the last ones applied, so whoever uses it must be able to write everything again.
///
/// ```
/// let summary = try await endpoints.bulkWrite { writer in
///     for pair in pairs { try await writer.put(pair.key, pair.value) }
/// }
/// ```
///
/// It is not `Sendable`: one task writes, and is made to wait when the cluster is slower than it.
public final class BulkWriter {
    /// How keys are packed.
    public struct Options: Sendable {
        /// The most operations of a transaction; etcd accepts 128 unless `--max-txn-ops` says otherwise.
        public var operationsPerTransaction = 128
        /// The size at which a transaction is sent, in bytes; etcd accepts 1.5 MiB (`--max-request-bytes`).
        public var bytesPerTransaction = 1 << 20
        /// How many transactions are under way at a time.
        public var transactionsInFlight = 8
        /// How long one transaction may take.
        public var timeout: Duration = .seconds(15)
        /// How often every member is asked before a failure counts.
        public var rounds = 6
        /// Whether a transaction whose answer was lost is sent again.
        ///
        /// That is right if nobody else writes these keys: the second time writes the same.
        public var repeatsAmbiguous = true
        /// What must hold for every transaction; where it does not, writing fails with `failedPrecondition`.
        ///
        /// With it, what an earlier process left on the way cannot be applied late.
        public var condition: Compare?

        /// The defaults.
        public init() {}
    }

    /// What was written.
    public struct Summary: Sendable, Hashable {
        /// How many keys were written or deleted.
        public var operations = 0
        /// How many transactions that took.
        public var transactions = 0
        /// The size of all transactions, in bytes.
        public var bytes = 0
        /// The highest revision that a transaction got.
        public var revision: Int64 = 0
    }

    private let queue: BulkWriterQueue
    private let options: Options
    private var batch: BulkWriterBatch

    init(_ queue: BulkWriterQueue, _ options: Options) {
        self.queue = queue
        self.options = options
        batch = BulkWriterBatch(options.condition)
    }

    /// Writes a key whose bytes are only lent.
    ///
    /// - Throws: `EtcdError` if an earlier write failed for good.
    public func put(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, lease: Int64 = 0
    ) async throws(EtcdError) {
        let hash = BulkWriterBatch.hash(key)
        if !batch.hasRoom(forKey: hash, byteCount: key.count + value.count, options) { try await flush() }
        batch.put(key, value, lease: lease, hash: hash)
    }

    /// Writes a key.
    ///
    /// - Throws: `EtcdError` if an earlier write failed for good.
    public func put(_ key: [UInt8], _ value: [UInt8], lease: Int64 = 0) async throws(EtcdError) {
        let hash = key.withUnsafeBytes(BulkWriterBatch.hash)
        if !batch.hasRoom(forKey: hash, byteCount: key.count + value.count, options) { try await flush() }
        key.withUnsafeBytes { key in
            value.withUnsafeBytes { value in batch.put(key, value, lease: lease, hash: hash) }
        }
    }

    /// Deletes a key.
    ///
    /// - Throws: `EtcdError` if an earlier write failed for good.
    public func delete(_ key: [UInt8]) async throws(EtcdError) {
        let hash = key.withUnsafeBytes(BulkWriterBatch.hash)
        if !batch.hasRoom(forKey: hash, byteCount: key.count, options) { try await flush() }
        key.withUnsafeBytes { batch.delete($0, hash: hash) }
    }

    /// Sends what has been packed and waits until everything has been written.
    public func finish() async throws(EtcdError) {
        try await flush()
        try await queue.waitUntilWritten()
    }

    private func flush() async throws(EtcdError) {
        guard batch.operations > 0 else { return }
        let full = batch
        batch = BulkWriterBatch(options.condition)
        try await queue.submit(full)
    }
}

extension EtcdEndpoints {
    /// Lends `body` a writer, waits until everything it wrote is written, and tells how much that was.
    ///
    /// - Throws: `EtcdError`, or what `body` throws.
    @discardableResult
    public func bulkWrite(
        options: BulkWriter.Options = BulkWriter.Options(), _ body: (BulkWriter) async throws -> Void
    ) async throws -> BulkWriter.Summary {
        let queue = BulkWriterQueue(capacity: options.transactionsInFlight)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<options.transactionsInFlight {
                group.addTask { await queue.work { (batch) throws(EtcdError) in try await write(batch, options) } }
            }
            defer { queue.close() }
            let writer = BulkWriter(queue, options)
            try await body(writer)
            try await writer.finish()
        }
        return queue.summary
    }

    private func write(_ batch: BulkWriterBatch, _ options: BulkWriter.Options) async throws(EtcdError) -> Int64 {
        try await perform(rounds: options.rounds) { (client) throws(EtcdError) in
            try await client.commit(
                encoded: batch.bytes, isIdempotent: options.repeatsAmbiguous, timeout: options.timeout)
        }
    }
}
