import Model
import Store

/// The Secrets of one record's namespace, read when they are needed and never kept.
///
/// Reading one notes that the record uses it, so that the record is woken when it changes.
struct RecordSecrets: Sendable {
    let store: RecordStore
    let users: SecretUsers
    let record: RecordID

    /// A Secret by name; nil if there is none.
    func find(_ name: String) async throws -> Secret? {
        users.note(record, uses: name)
        return try await store.find(Secret.self, named: name, in: record.namespace)
    }
}
