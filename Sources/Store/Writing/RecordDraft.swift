internal import Model

/// A document on its way into the store: its metadata as a value, and the rest as it came.
struct RecordDraft {
    let kind: Kind
    var metadata: ObjectMeta
    /// Everything but `apiVersion`, `kind` and `metadata`.
    var body: Value.Members

    /// Takes a document apart.
    ///
    /// - Throws: ``StoreError/invalid(_:reason:)`` when it is no object or its metadata cannot be read.
    init(_ document: Value, kind: Kind) throws(StoreError) {
        guard var members = document.members else {
            throw .invalid(nil, reason: "a record must be an object, not \(document.typeName)")
        }
        var decoding = Decoding()
        let metadata = decoding.within("metadata") { ObjectMeta.decode(members["metadata"] ?? [:], &$0) }
        guard let metadata else {
            throw .invalid(nil, reason: decoding.problems.map(\.description).joined(separator: "; "))
        }
        for name in ["apiVersion", "kind", "metadata"] { members[name] = nil }
        self.kind = kind
        self.metadata = metadata
        body = members
    }

    var id: RecordID { RecordID(kind, namespace: metadata.namespace, name: metadata.name) }

    /// What people ask for, the one thing that moves `generation`.
    var spec: Value? { body["spec"] }

    /// What the controller reports; nil also for kinds that have none.
    var status: Value? {
        get { kind.hasStatus ? body["status"] : nil }
        set { if kind.hasStatus { body["status"] = newValue } }
    }

    /// Whether removal was asked for.
    var isDeleting: Bool { metadata.deletionTimestamp != nil }

    /// The identities of the records this one goes with.
    var owners: Set<String> { Set(metadata.ownerReferences.map(\.uid)) }

    /// The whole document, in the order clients are used to.
    var document: Value {
        var members: Value.Members = [
            "apiVersion": .string(kind.apiVersion), "kind": .string(kind.name), "metadata": metadata.encoded,
        ]
        for (name, value) in body { members.append(name, value) }
        return .object(members)
    }

    /// Whether both say the same, whatever revision wrote them.
    func says(the same: RecordDraft) -> Bool {
        var own = metadata
        own.resourceVersion = same.metadata.resourceVersion
        return own == same.metadata && body == same.body
    }
}
