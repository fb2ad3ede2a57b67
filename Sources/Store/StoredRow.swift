internal import Model

/// A row of the records table, or a document of the change log, before it is parsed.
///
/// The reader's thread only copies bytes; parsing is done by the task that asked.
struct StoredRow: Sendable {
    let id: RecordID
    let revision: Int64
    /// The document as the file holds it.
    let bytes: [UInt8]
    let vault: RecordVault

    /// The record from memory, with a fresh status if it has one there, or else from the bytes.
    ///
    /// - Throws: ``StoreError/corrupt(path:reason:)`` when the bytes are not the JSON that was written.
    func record(from cache: RecordCache, path: String) throws(StoreError) -> Record {
        if let known = cache.record(id, at: revision) { return known }
        return try record(path: path)
    }

    /// The record as the bytes tell it.
    ///
    /// - Throws: ``StoreError/corrupt(path:reason:)`` when the bytes are not what was written.
    func record(path: String) throws(StoreError) -> Record {
        let json = try vault.opened(bytes, of: id, at: revision, path: path)
        do {
            return Record(id: id, revision: revision, document: try Value(json: json), json: json)
        } catch {
            throw .corrupt(path: path, reason: "\(id) does not hold JSON: \(error)")
        }
    }
}
