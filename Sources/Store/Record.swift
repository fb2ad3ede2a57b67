public import Model

/// One record as it was at one revision.
public struct Record: Sendable, Equatable {
    /// What names it.
    public let id: RecordID
    /// The revision of the store that wrote this state; the document carries it as `metadata.resourceVersion`.
    public let revision: Int64
    /// The record as clients see it, with `apiVersion` and `kind`.
    public let document: Value

    /// The state of a record; outside the store only tests make one.
    package init(id: RecordID, revision: Int64, document: Value) {
        self.id = id
        self.revision = revision
        self.document = document
    }

    /// The record as a value of its type.
    ///
    /// - Throws: ``StoreError/invalid(_:reason:)`` when the stored document does not fit the type, as after a change
    ///   of the type that forgot what is stored.
    public func decoded<Object: Resource>(as type: Object.Type) throws(StoreError) -> Object {
        do {
            return try Object(document: document)
        } catch {
            throw .invalid(id, reason: "what is stored does not fit the kind any more: \(error)")
        }
    }

    /// The labels, without decoding the rest.
    var labels: Value.Members { document[path: "metadata", "labels"]?.members ?? [:] }
}
