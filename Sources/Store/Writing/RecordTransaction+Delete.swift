internal import Model

extension RecordTransaction {
    /// Removes a record, or marks it when someone must finish with it first.
    func delete(_ id: RecordID, _ options: DeleteOptions) throws(StoreError) -> Deletion {
        let row = try existing(id)
        if let uid = options.uid, uid != row.draft.metadata.uid {
            throw .conflict(
                id,
                reason: "Precondition failed: UID in precondition: \(uid), UID in object meta: "
                    + row.draft.metadata.uid)
        }
        if let version = options.resourceVersion, version != row.draft.metadata.resourceVersion {
            throw .stale(id)
        }
        if options.orphansDependents { try release(dependentsOf: row.draft.metadata.uid) }
        return try delete(row)
    }

    /// Takes a record out and then whatever goes with it.
    func purge(_ row: Row) throws(StoreError) -> Record {
        let removed = try remove(row)
        for dependent in try dependents(of: row.draft.metadata.uid) where try !isOwned(dependent) {
            // An earlier round may have removed it already, when records own each other in a ring.
            if let current = try self.row(dependent.draft.id) { _ = try delete(current) }
        }
        try finishNamespace(row.draft.metadata.namespace)
        return removed
    }

    /// Removes the record, or sets the time of its removal and leaves the rest to its finalizers.
    func delete(_ row: Row) throws(StoreError) -> Deletion {
        if row.draft.kind == namespaceKind { return try deleteNamespace(row) }
        if row.draft.metadata.finalizers.isEmpty { return .removed(try purge(row)) }
        if row.draft.isDeleting {
            return .pending(Record(id: row.draft.id, revision: row.revision, document: row.draft.document))
        }
        var draft = row.draft
        draft.metadata.deletionTimestamp = now.wholeSeconds
        return .pending(try replace(row, with: draft))
    }

    /// Whether any owner of the record is still there.
    private func isOwned(_ row: Row) throws(StoreError) -> Bool {
        for owner in row.draft.owners where try exists(uid: owner) { return true }
        return false
    }

    /// Makes the dependents of an owner independent of it.
    private func release(dependentsOf uid: String) throws(StoreError) {
        for dependent in try dependents(of: uid) {
            var draft = dependent.draft
            draft.metadata.ownerReferences.removeAll { $0.uid == uid }
            _ = try replace(dependent, with: draft)
        }
    }
}
