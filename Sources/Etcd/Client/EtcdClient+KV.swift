import Transport

extension EtcdClient {
    /// Reads the keys of a range.
    ///
    /// - Throws: `EtcdError`, with `compacted` or `futureRevision` for a revision that cannot be read.
    public func range(_ request: RangeRequest, timeout: Duration? = nil) async throws(EtcdError) -> RangeResponse {
        try await call(.range, timeout: timeout, request.encode(to:))
    }

    /// Reads the keys of a range without copying them out of the answer.
    public func rangePage(_ request: RangeRequest, timeout: Duration? = nil) async throws(EtcdError) -> RangePage {
        try await call(.range, timeout: timeout, lane: .bulk, request.encode(to:), decode: RangePage.init(_:))
    }

    /// Reads one key; nil if it does not exist.
    ///
    /// - Parameters:
    ///   - key: the key, not empty.
    ///   - revision: the revision to read at, 0 for the newest.
    ///   - isSerializable: whether the member answers from what it has; see `RangeRequest`.
    ///   - timeout: how long the call may take.
    /// - Returns: the key and its value at that revision.
    /// - Throws: `EtcdError`, with `compacted` or `futureRevision` for a revision that cannot be read.
    public func get(
        _ key: [UInt8], revision: Int64 = 0, isSerializable: Bool = false, timeout: Duration? = nil
    ) async throws(EtcdError) -> KeyValue? {
        let request = RangeRequest(.key(key), revision: revision, isSerializable: isSerializable)
        return try await range(request, timeout: timeout).keyValues.first
    }

    /// Reads one key whose name is text; nil if it does not exist.
    public func get(
        _ key: String, revision: Int64 = 0, isSerializable: Bool = false, timeout: Duration? = nil
    ) async throws(EtcdError) -> KeyValue? {
        try await get([UInt8](key.utf8), revision: revision, isSerializable: isSerializable, timeout: timeout)
    }

    /// Counts the keys of a range.
    ///
    /// On a big range this is not cheap: it holds up writes for some 0.3 µs per key. `keysTotal()` is.
    public func count(
        _ range: KeyRange, revision: Int64 = 0, isSerializable: Bool = false, timeout: Duration? = nil
    ) async throws(EtcdError) -> Int64 {
        let request = RangeRequest(range, content: .countOnly, revision: revision, isSerializable: isSerializable)
        return try await self.range(request, timeout: timeout).count
    }

    /// Writes a key.
    ///
    /// - Parameters:
    ///   - request: key, value and the rest.
    ///   - isIdempotent: whether writing it twice does no harm, so that the error of a lost answer says "retry". It
    ///     does harm if somebody else may write the key in between.
    ///   - timeout: how long the call may take.
    /// - Returns: the revision, and what the key held before if that was asked for.
    /// - Throws: `EtcdError`, with `noSpace` at the quota of the database.
    @discardableResult
    public func put(
        _ request: PutRequest, isIdempotent: Bool = false, timeout: Duration? = nil
    ) async throws(EtcdError) -> PutResponse {
        try await call(.put, timeout: timeout, isIdempotent: isIdempotent, request.encode(to:))
    }

    /// Writes a key.
    @discardableResult
    public func put(
        _ key: [UInt8], _ value: [UInt8], lease: PutRequest.Lease = .none, timeout: Duration? = nil
    ) async throws(EtcdError) -> PutResponse {
        try await put(PutRequest(key, value, lease: lease), timeout: timeout)
    }

    /// Writes a key whose name and value are text.
    @discardableResult
    public func put(
        _ key: String, _ value: String, lease: PutRequest.Lease = .none, timeout: Duration? = nil
    ) async throws(EtcdError) -> PutResponse {
        try await put(PutRequest(key, value, lease: lease), timeout: timeout)
    }

    /// Deletes the keys of a range.
    @discardableResult
    public func deleteRange(
        _ request: DeleteRangeRequest, isIdempotent: Bool = false, timeout: Duration? = nil
    ) async throws(EtcdError) -> DeleteRangeResponse {
        try await call(.deleteRange, timeout: timeout, isIdempotent: isIdempotent, request.encode(to:))
    }

    /// Deletes the keys of a range.
    @discardableResult
    public func delete(_ range: KeyRange, timeout: Duration? = nil) async throws(EtcdError) -> DeleteRangeResponse {
        try await deleteRange(DeleteRangeRequest(range), timeout: timeout)
    }

    /// Applies a transaction.
    ///
    /// After an error that does not say `hadNoEffect`, read the keys of its conditions before trying again: a second
    /// attempt would fail the conditions that its own first one changed.
    @discardableResult
    public func commit(
        _ transaction: Transaction, isIdempotent: Bool? = nil, timeout: Duration? = nil
    ) async throws(EtcdError) -> TransactionResponse {
        try await call(
            .txn, timeout: timeout, isIdempotent: isIdempotent ?? transaction.isReadOnly, transaction.encode(to:))
    }

    /// Forgets the history before `revision`, which the cluster must have reached.
    ///
    /// It breaks watches and reads at older revisions. With `isPhysical` the answer comes only when the member has
    /// freed the space inside its database file.
    ///
    /// - Throws: `EtcdError` with `compacted` if that has happened already, which is harmless.
    @discardableResult
    public func compact(
        at revision: Int64, isPhysical: Bool = false, timeout: Duration? = nil
    ) async throws(EtcdError) -> ResponseHeader {
        let response: HeaderResponse = try await call(.compact, timeout: timeout) { writer in
            writer.int64(1, revision)
            writer.bool(2, isPhysical)
        }
        return response.header
    }
}
