package import Model

/// Who owns which fields of the records of a kind, and what follows for a write.
///
/// Pure: documents in, documents out. The rules are those of Kubernetes' server-side apply.
package struct Ownership: Sendable {
    private static let path = "managedFields"
    /// More owners than any record has; a list that claims more is as good as none.
    private static let claimLimit = 1_000

    let shape: FieldShape
    let apiVersion: String
    let subresource: String
    let now: Timestamp

    /// The rules for a record of this shape.
    ///
    /// - Parameters:
    ///   - shape: What of it can be owned.
    ///   - apiVersion: The version of the kind.
    ///   - subresource: The part of the record that is written; empty for the record itself.
    ///   - now: The present.
    package init(shape: FieldShape, apiVersion: String, subresource: String = "", now: Timestamp) {
        self.shape = shape
        self.apiVersion = apiVersion
        self.subresource = subresource
        self.now = now
    }

    /// The document a write that is no apply brings, with the owners it has then.
    ///
    /// - Parameters:
    ///   - new: What is written, complete and checked.
    ///   - old: What was there; nil for a new record.
    ///   - manager: Who writes.
    /// - Returns: `new` with its owners. A record whose owners are not known stays so until somebody applies.
    package func updated(_ new: Value, from old: Value?, by manager: String) -> Value {
        let given = new[path: "metadata", Self.path]
        let known = Self.owners(of: old)
        var managed: ManagedFields
        if !subresource.isEmpty || old == nil {
            managed = known
        } else if given == [[:]] {
            // One empty entry is how clients say that they want to be rid of all of them.
            managed = ManagedFields()
        } else {
            // Clients that know nothing of owners send none, those that do may write them.
            managed = known
            if (given?.array?.count ?? 0) <= Self.claimLimit, let claimed = ManagedFields(given), !claimed.isEmpty {
                managed = claimed
            }
        }
        guard old == nil || !managed.isEmpty else { return Self.document(new, with: managed) }
        let changes = FieldChanges(from: old ?? ["metadata": [:]], to: new, shape)
        managed.note(
            changes, by: FieldManager(manager, .update, subresource: subresource), apiVersion: apiVersion, at: now)
        return Self.document(new, with: managed)
    }

    /// What a document says of its owners; nobody where it cannot be read.
    static func owners(of document: Value?) -> ManagedFields {
        ManagedFields(document?[path: "metadata", path]) ?? ManagedFields()
    }

    /// A document with these owners.
    static func document(_ document: Value, with managed: ManagedFields) -> Value {
        guard var metadata = document["metadata"] else { return document }
        var document = document
        // Two steps: of two branches, "nil" would be taken for the JSON null.
        metadata[path] = .none
        if !managed.isEmpty {
            metadata[path] = managed.document
        }
        document["metadata"] = metadata
        return document
    }
}
