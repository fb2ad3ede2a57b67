internal import Model

/// A record in a list: what the file holds, parsed only if somebody looks into it.
public struct ListedRecord: Sendable {
    private enum Source: Sendable {
        case memory(Record)
        case file([UInt8])
    }

    /// What names it.
    public let id: RecordID
    /// The revision of the store that wrote this state.
    public let revision: Int64
    private let source: Source
    private let path: String

    /// Takes a row; a record that is in memory counts, with a fresh status if it has one.
    ///
    /// - Throws: `.corrupt` for a sealed row that is not what was sealed, or bytes that can be no document.
    init(_ row: StoredRow, from cache: RecordCache, path: String) throws(StoreError) {
        id = row.id
        revision = row.revision
        self.path = path
        if let known = cache.record(row.id, at: row.revision) {
            source = .memory(known)
            return
        }
        let json = try row.vault.opened(row.bytes, of: id, at: revision, path: path)
        guard JSONOutline.isWhole(json) else {
            throw .corrupt(path: path, reason: "\(id) does not hold JSON")
        }
        source = .file(json)
    }

    /// Takes a record that is at hand.
    public init(_ record: Record) {
        id = record.id
        revision = record.revision
        source = .memory(record)
        path = ""
    }

    /// The document as JSON on one line.
    public var json: [UInt8] {
        switch source {
        case .memory(let record): record.json
        case .file(let bytes): bytes
        }
    }

    /// The document's `metadata` as JSON.
    public var metadataJSON: [UInt8] {
        switch source {
        case .memory(let record): record.metadataJSON
        case .file(let bytes): JSONOutline.member("metadata", of: bytes).map { Array(bytes[$0]) } ?? Array("{}".utf8)
        }
    }

    /// Whether this is what was written under the revision, and not a fresh status that was not.
    public var isCommitted: Bool {
        switch source {
        case .memory(let record): record.isCommitted
        case .file: true
        }
    }

    /// The record, parsed.
    ///
    /// - Throws: ``StoreError/corrupt(path:reason:)`` when the bytes are not JSON.
    public func record() throws(StoreError) -> Record {
        switch source {
        case .memory(let record): return record
        case .file(let bytes):
            do {
                return Record(id: id, revision: revision, document: try Value(json: bytes), json: bytes)
            } catch {
                throw .corrupt(path: path, reason: "\(id) does not hold JSON: \(error)")
            }
        }
    }
}
