internal import Model

extension RecordReader {
    /// Reads a stretch of a list and parses what is not in memory; the parsing is done by the task that asks, unless
    /// selectors need it.
    nonisolated func list(
        _ query: RecordQuery, after start: ContinueToken?, limit: Int, cache: RecordCache, path: String
    ) async throws(StoreError) -> RecordList {
        let page: Page
        if query.needsDocument {
            page = try await self.page(query, after: start, limit: limit) { (row) throws(StoreError) in
                query.matches(try row.record(from: cache, path: path))
            }
        } else {
            page = try await self.page(query, after: start, limit: limit, where: nil)
        }
        var records: [Record] = []
        records.reserveCapacity(page.rows.count)
        for row in page.rows { records.append(try row.record(from: cache, path: path)) }
        let last = page.rows.last?.id
        return RecordList(
            records: records, revision: page.revision,
            continuation: page.isCut
                ? last.map { ContinueToken(revision: page.revision, namespace: $0.namespace, name: $0.name) } : nil)
    }
}
