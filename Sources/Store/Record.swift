public import Model

/// One record as it was at one revision.
public struct Record: RecordSource, Equatable {
    /// What names it.
    public var id: RecordID { content.id }
    /// The revision of the store that wrote this state; the document carries it as `metadata.resourceVersion`.
    public let revision: Int64
    /// All the rest, so that a record is small where thousands of tasks each hold one.
    let content: RecordContent

    /// The record as clients see it, with `apiVersion` and `kind`.
    public var document: Value { content.document }

    /// The document as JSON on one line, made once for all who list the record.
    public var json: [UInt8] { content.json }

    /// The state of a record; outside the store only tests make one.
    package init(id: RecordID, revision: Int64, document: Value, json: [UInt8]? = nil) {
        self.revision = revision
        content = RecordContent(id, document, json: json)
    }

    /// The same state with a newer status.
    init(_ base: Record, withStatusOf object: some SpecifiedResource) {
        revision = base.revision
        content = RecordContent(base.content, withStatusOf: object)
    }

    /// Whether both are the same state of the same record and say the same.
    public static func == (left: Record, right: Record) -> Bool {
        left.id == right.id && left.revision == right.revision
            && (left.content === right.content || left.document == right.document)
    }

    /// The record as a value of its type.
    ///
    /// - Throws: ``StoreError/invalid(_:reason:)`` when the stored document does not fit the type, as after a change
    ///   of the type that forgot what is stored.
    public func decoded<Object: Resource>(as type: Object.Type) throws(StoreError) -> Object {
        do {
            return try content.decoded(as: type)
        } catch {
            throw .invalid(id, reason: "what is stored does not fit the kind any more: \(error)")
        }
    }

    /// The document's `metadata` as JSON, made once for all who list the record.
    public var metadataJSON: [UInt8] { content.metadata }

    /// Whether this is what was written under the revision, and not a fresh status that was not.
    public var isCommitted: Bool { content.isCommitted }

    /// The labels, without decoding the rest.
    var labels: Value.Members { document[path: "metadata", "labels"]?.members ?? [:] }
}
