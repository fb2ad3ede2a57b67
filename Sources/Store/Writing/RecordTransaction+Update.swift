internal import Model

extension RecordTransaction {
    /// Replaces what people may change of a record: spec or content, labels, annotations, owners, finalizers.
    ///
    /// A record that says the same afterwards is not written and keeps its revision.
    func update(_ given: RecordDraft) throws(StoreError) -> Record {
        let row = try existing(given.id)
        try check(given, against: row)
        var draft = given
        draft.status = row.draft.status
        try keepServerFields(of: row, in: &draft)
        return try save(draft, over: row)
    }

    /// Replaces the status of a record, and nothing else of it.
    func updateStatus(_ given: RecordDraft) throws(StoreError) -> Record {
        let row = try existing(given.id)
        guard row.draft.kind.hasStatus else {
            throw .invalid(given.id, reason: "records of this kind have no status")
        }
        try check(given, against: row)
        var draft = row.draft
        draft.status = given.status
        // Whoever read the very state that is replaced may say who owns the new status.
        if !given.metadata.resourceVersion.isEmpty {
            draft.metadata.managedFields = given.metadata.managedFields
        }
        return try save(draft, over: row)
    }

    /// Brings a record to what is declared: creates it, or updates it, leaving what the declaration does not speak of
    /// (other labels and annotations, owners, finalizers) as it is.
    func apply(_ given: RecordDraft) throws(StoreError) -> Record {
        guard let row = try row(given.id) else { return try create(given) }
        try check(given, against: row)
        var draft = given
        let old = row.draft.metadata
        draft.metadata.labels.merge(old.labels) { declared, _ in declared }
        draft.metadata.annotations.merge(old.annotations) { declared, _ in declared }
        if draft.metadata.ownerReferences.isEmpty { draft.metadata.ownerReferences = old.ownerReferences }
        if draft.metadata.finalizers.isEmpty { draft.metadata.finalizers = old.finalizers }
        if draft.metadata.managedFields.isEmpty { draft.metadata.managedFields = old.managedFields }
        draft.status = row.draft.status
        try keepServerFields(of: row, in: &draft)
        return try save(draft, over: row)
    }

    /// Stores what a reconcile pass made of a record: its status, and its changes to labels, annotations and
    /// finalizers since `base`, put upon whatever people changed meanwhile.
    ///
    /// - Throws: `.notFound` also when another record has taken the name.
    func writeBack(_ given: RecordDraft, since base: RecordDraft) throws(StoreError) -> Record {
        let row = try existing(given.id)
        guard row.draft.metadata.uid == given.metadata.uid else { throw .notFound(given.id) }
        var draft = row.draft
        draft.status = given.status
        let (old, new) = (base.metadata, given.metadata)
        Self.carry(from: old.labels, to: new.labels, into: &draft.metadata.labels)
        Self.carry(from: old.annotations, to: new.annotations, into: &draft.metadata.annotations)
        draft.metadata.finalizers.removeAll { old.finalizers.contains($0) && !new.finalizers.contains($0) }
        for name in new.finalizers
        where !old.finalizers.contains(name) && !draft.metadata.finalizers.contains(name) {
            draft.metadata.finalizers.append(name)
        }
        return try save(draft, over: row)
    }

    private static func carry(
        from old: [String: String], to new: [String: String], into current: inout [String: String]
    ) {
        for (key, value) in new where old[key] != value { current[key] = value }
        for key in old.keys where new[key] == nil { current[key] = nil }
    }

    /// Refuses a write that was based on an older state, or on another record of the same name.
    private func check(_ given: RecordDraft, against row: Row) throws(StoreError) {
        let (claimed, actual) = (given.metadata, row.draft.metadata)
        guard claimed.uid.isEmpty || claimed.uid == actual.uid else {
            throw .conflict(
                given.id,
                reason: "Precondition failed: UID in precondition: \(claimed.uid), UID in object meta: \(actual.uid)")
        }
        guard claimed.resourceVersion.isEmpty || claimed.resourceVersion == actual.resourceVersion else {
            throw .stale(given.id)
        }
    }

    private func keepServerFields(of row: Row, in draft: inout RecordDraft) throws(StoreError) {
        let old = row.draft.metadata
        draft.metadata.uid = old.uid
        draft.metadata.generateName = old.generateName
        draft.metadata.creationTimestamp = old.creationTimestamp
        draft.metadata.deletionTimestamp = old.deletionTimestamp
        draft.metadata.generation =
            draft.spec == nil ? nil : (old.generation ?? 0) + (draft.spec == row.draft.spec ? 0 : 1)
        try requireOwners(of: draft, beyond: row.draft.owners)
        if row.draft.isDeleting, let new = draft.metadata.finalizers.first(where: { !old.finalizers.contains($0) }) {
            throw .invalid(
                draft.id, reason: "metadata.finalizers: \(new) cannot be added while the record is being deleted")
        }
    }

    /// Writes the draft if it says anything new, and ends a removal whose last finalizer has gone.
    private func save(_ draft: RecordDraft, over row: Row) throws(StoreError) -> Record {
        if draft.isDeleting, draft.metadata.finalizers.isEmpty {
            var last = row
            last.draft = draft
            return try purge(last)
        }
        guard !draft.says(the: row.draft) else {
            return Record(id: draft.id, revision: row.revision, document: row.draft.document)
        }
        return try replace(row, with: draft)
    }
}
