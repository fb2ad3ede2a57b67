public import Model
public import Store

/// Records of another kind whose changes wake records of a loop's kind.
public struct RelatedRecords: Sendable {
    let kind: Kind
    let filter: ChangeFilter
    let concerned: @Sendable (Record) -> [RecordID]

    /// Records of `kind`.
    ///
    /// - Parameters:
    ///   - kind: the kind to listen to.
    ///   - filter: which of its changes count; that a record comes or goes always does.
    ///   - concerned: the records to wake for one of them; asked for its state before and after a change.
    public init(
        _ kind: Kind, when filter: ChangeFilter = .any, wake concerned: @escaping @Sendable (Record) -> [RecordID]
    ) {
        self.kind = kind
        self.filter = filter
        self.concerned = concerned
    }

    /// Records of `kind` that are owned by records of `owner`.
    public static func owned(_ kind: Kind, by owner: Kind, when filter: ChangeFilter = .any) -> RelatedRecords {
        RelatedRecords(kind, when: filter) { record in
            let owners = record.document[path: "metadata", "ownerReferences"]?.array ?? []
            return owners.compactMap { reference in
                guard reference["kind"]?.string == owner.name, let name = reference["name"]?.string else { return nil }
                return RecordID(owner, namespace: record.id.namespace, name: name)
            }
        }
    }
}
