internal import Model

/// A row of the records table, or a document of the change log, before it is parsed.
///
/// The reader's thread only copies bytes; parsing is done by the task that asked.
struct StoredRow: Sendable {
    let id: RecordID
    let revision: Int64
    let bytes: [UInt8]

    /// The record from memory, with a fresh status if it has one there, or else from the bytes.
    ///
    /// - Throws: ``StoreError/corrupt(path:reason:)`` when the bytes are not the JSON that was written.
    func record(from cache: RecordCache, path: String) throws(StoreError) -> Record {
        if let known = cache.record(id, at: revision) { return known }
        return try record(path: path)
    }

    /// The record as the bytes tell it.
    ///
    /// - Throws: ``StoreError/corrupt(path:reason:)`` when the bytes are not the JSON that was written.
    func record(path: String) throws(StoreError) -> Record {
        do {
            return Record(id: id, revision: revision, document: try Value(json: bytes), json: bytes)
        } catch {
            throw .corrupt(path: path, reason: "\(id) does not hold JSON: \(error)")
        }
    }
}
