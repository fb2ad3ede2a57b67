internal import Model

/// A namespace owns what is in it: nothing is created in one that does not exist or is going, and one that is deleted
/// goes when the last of its records has.
extension RecordTransaction {
    /// Refuses a record whose namespace is missing or being deleted.
    func requireNamespace(of draft: RecordDraft) throws(StoreError) {
        guard let kind = namespaceKind, draft.kind.isNamespaced else { return }
        let row = try existing(RecordID(kind, namespace: "", name: draft.metadata.namespace))
        guard !row.draft.isDeleting else {
            throw .conflict(
                draft.id,
                reason: "unable to create new content in namespace \(draft.metadata.namespace) because it is being "
                    + "terminated")
        }
    }

    /// Deletes all records of a namespace, and the namespace with the last of them.
    func deleteNamespace(_ row: Row) throws(StoreError) -> Deletion {
        let name = row.draft.metadata.name
        // As in Kubernetes: one slip would remove everything of those who never chose a namespace.
        guard name != "default" else { throw .invalid(row.draft.id, reason: "this namespace may not be deleted") }
        var marked = row
        if !row.draft.isDeleting {
            var draft = row.draft
            draft.metadata.deletionTimestamp = now.wholeSeconds
            draft.status = ["phase": "Terminating"]
            _ = try replace(row, with: draft)
            marked = try existing(row.draft.id)
        }
        for content in try rows(inNamespace: name) {
            if let current = try self.row(content.draft.id) { _ = try delete(current) }
        }
        // The last of them may have taken the namespace along.
        guard let left = try self.row(row.draft.id) else {
            return .removed(Record(id: row.draft.id, revision: revision, document: marked.draft.document))
        }
        if try rows(inNamespace: name, limit: 1).isEmpty, left.draft.metadata.finalizers.isEmpty {
            return .removed(try purge(left))
        }
        return .pending(Record(id: left.draft.id, revision: left.revision, document: left.draft.document))
    }

    /// Removes a namespace that is being deleted, if it is empty now.
    func finishNamespace(_ name: String) throws(StoreError) {
        guard let kind = namespaceKind, !name.isEmpty,
            let row = try row(RecordID(kind, namespace: "", name: name)), row.draft.isDeleting,
            row.draft.metadata.finalizers.isEmpty, try rows(inNamespace: name, limit: 1).isEmpty
        else { return }
        _ = try purge(row)
    }
}
