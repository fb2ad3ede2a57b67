internal import Model

/// Seals and opens the documents of confidential kinds; those of other kinds pass through as they are.
final class RecordVault: Sendable {
    private let kinds: Set<String>
    private let keys: [String: RecordKey]
    /// The key new documents are sealed with; nil where no kind is confidential.
    let sealingKey: RecordKey?
    /// Where the keys are, for messages.
    let keyFile: String

    init(kinds: [Kind], keys: [RecordKey], keyFile: String) {
        self.kinds = Set(kinds.lazy.filter(\.isConfidential).map(\.tableName))
        self.keys = Dictionary(keys.map { ($0.id, $0) }) { first, _ in first }
        self.sealingKey = keys.first
        self.keyFile = keyFile
    }

    /// The document as it goes into the file.
    func stored(_ document: [UInt8], of id: RecordID, at revision: Int64) -> [UInt8] {
        guard kinds.contains(id.kind.tableName), let sealingKey else { return document }
        return SealedDocument.seal(document, of: id, at: revision, with: sealingKey)
    }

    /// The document in the clear.
    ///
    /// - Parameters:
    ///   - bytes: what the file holds.
    ///   - id: the record of the row.
    ///   - revision: the revision of the row.
    ///   - path: the file, for messages.
    ///   - allowsClear: whether a confidential document may still be in clear, as in files of older programs.
    /// - Returns: the document as JSON.
    /// - Throws: `.corrupt` when the bytes are not what was sealed for this row, `.keyMissing`.
    func opened(
        _ bytes: [UInt8], of id: RecordID, at revision: Int64, path: String, allowsClear: Bool = false
    ) throws(StoreError) -> [UInt8] {
        guard let sealed = SealedDocument(bytes) else {
            guard allowsClear || !kinds.contains(id.kind.tableName) else {
                throw .corrupt(path: path, reason: "\(id) is not sealed, so it was not written by lodestone")
            }
            return bytes
        }
        guard let keyID = sealed.keyID else {
            throw .corrupt(path: path, reason: "\(id) is too short for a sealed record")
        }
        guard let key = keys[keyID] else {
            throw .keyMissing(path: path, keyID: keyID, keyFile: keyFile)
        }
        guard let document = sealed.open(as: id, at: revision, with: key) else {
            throw .corrupt(
                path: path,
                reason: "\(id) at revision \(revision) is not what was sealed there with key \(keyID): its bytes were "
                    + "changed, or belong to another record or revision")
        }
        return document
    }
}
