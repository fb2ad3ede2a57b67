import Model
import Store

/// The store as one requester may use it: Secrets show no values to who may not see them, and what is built in stays.
///
/// Everything the API does to records passes through here, in whatever form it was asked for.
struct RecordGate: Sendable {
    let store: RecordStore
    /// What is to know at once of every record that says who may do what.
    let index: AccessIndex
    /// Whether a record's values are hidden from the requester.
    let isMasked: @Sendable (RecordID) -> Bool

    /// The newest revision.
    var revision: Int64 { store.revision }

    // MARK: Reading

    func get(_ id: RecordID) async throws(StoreError) -> Record {
        shown(try await store.get(id))
    }

    /// Records as they are stored: who passes them on masks them, see ``AnswerMask``.
    func list(_ query: RecordQuery) async throws(StoreError) -> RecordList {
        try await store.list(query)
    }

    /// Records as the file holds them, to be passed on unread; masked likewise.
    func listing(_ query: RecordQuery) async throws(StoreError) -> RecordListing {
        try await store.listing(query)
    }

    /// Changes as they are stored: who passes them on masks them, see ``AnswerMask``.
    func watch(_ query: RecordQuery, from start: WatchStart) -> RecordWatch {
        store.watch(query, from: start)
    }

    // MARK: Writing

    func create(
        _ document: Value, kind: Kind, isTrial: Bool, provided condition: WriteCondition?
    ) async throws(StoreError) -> Record {
        let document = try unmasked(document, kind, stored: nil)
        let record = try await store.create(document, kind: kind, isTrial: isTrial, provided: condition)
        await index.take(record.id, from: store)
        return shown(record)
    }

    func update(
        _ document: Value, kind: Kind, isTrial: Bool, provided condition: WriteCondition?
    ) async throws(StoreError) -> Record {
        let id = Self.id(of: document, kind)
        guard isMasked(id) else {
            let record = try await store.update(document, kind: kind, isTrial: isTrial, provided: condition)
            await index.take(id, from: store)
            return record
        }
        let stored = try await store.get(id).document
        var given = try unmasked(document, kind, stored: stored)
        // The values were taken from this very state, and another one may have others.
        if given[path: "metadata", "resourceVersion"]?.string ?? "" == "" {
            given = given.merging(
                patch: ["metadata": ["resourceVersion": stored[path: "metadata", "resourceVersion"] ?? nil]])
        }
        return shown(try await store.update(given, kind: kind, isTrial: isTrial, provided: condition))
    }

    func updateStatus(_ document: Value, kind: Kind, isTrial: Bool) async throws(StoreError) -> Record {
        shown(try await store.updateStatus(document, kind: kind, isTrial: isTrial))
    }

    func delete(_ id: RecordID, _ options: DeleteOptions) async throws(StoreError) -> Deletion {
        if let problem = AccessGuard.problem(removing: id) { throw .invalid(id, reason: problem) }
        let outcome = try await store.delete(id, options)
        await index.take(id, from: store)
        switch outcome {
        case .pending(let record): return .pending(shown(record))
        case .removed(let record): return .removed(shown(record))
        }
    }

    private func shown(_ record: Record) -> Record {
        isMasked(record.id) ? SecretMask.masked(record) : record
    }

    private func unmasked(_ document: Value, _ kind: Kind, stored: Value?) throws(StoreError) -> Value {
        let id = Self.id(of: document, kind)
        guard isMasked(id) else { return document }
        switch SecretMask.unmasked(document, stored: stored) {
        case .success(let document): return document
        case .failure(let unknown): throw .invalid(id, reason: unknown.message)
        }
    }

    private static func id(of document: Value, _ kind: Kind) -> RecordID {
        RecordID(
            kind, namespace: document[path: "metadata", "namespace"]?.string ?? "",
            name: document[path: "metadata", "name"]?.string ?? "")
    }
}
