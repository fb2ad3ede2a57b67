internal import Model

extension RecordReader {
    /// Reads a stretch of a list and parses nothing, unless selectors need it.
    nonisolated func listing(
        _ query: RecordQuery, cache: RecordCache, path: String
    ) async throws(StoreError) -> RecordListing {
        try await cache.reading { () async throws(StoreError) in
            let page = try await page(query, after: query.continuation, limit: query.limit ?? .max, cache, path)
            var records: [ListedRecord] = []
            records.reserveCapacity(page.rows.count)
            for row in page.rows { records.append(try ListedRecord(row, from: cache, path: path)) }
            return RecordListing(
                records: records, revision: page.revision, continuation: page.continuation, remaining: page.remaining)
        }
    }

    /// Reads a stretch of a list and parses what is not in memory; the parsing is done by the task that asks, unless
    /// selectors need it.
    nonisolated func list(
        _ query: RecordQuery, after start: ContinueToken?, limit: Int, cache: RecordCache, path: String
    ) async throws(StoreError) -> RecordList {
        try await cache.reading { () async throws(StoreError) in
            let page = try await page(query, after: start, limit: limit, cache, path)
            var records: [Record] = []
            records.reserveCapacity(page.rows.count)
            for row in page.rows { records.append(try row.record(from: cache, path: path)) }
            return RecordList(records: records, revision: page.revision, continuation: page.continuation)
        }
    }

    private nonisolated func page(
        _ query: RecordQuery, after start: ContinueToken?, limit: Int, _ cache: RecordCache, _ path: String
    ) async throws(StoreError) -> Page {
        guard query.needsDocument else { return try await page(query, after: start, limit: limit, where: nil) }
        return try await page(query, after: start, limit: limit) { (row) throws(StoreError) in
            query.matches(try row.record(from: cache, path: path))
        }
    }
}

extension RecordReader.Page {
    /// Where the list goes on; nil at its end.
    fileprivate var continuation: ContinueToken? {
        guard isCut, let last = rows.last?.id else { return nil }
        return ContinueToken(revision: revision, namespace: last.namespace, name: last.name)
    }
}
