/// What every record has: identity, labels, history and who may remove it (Kubernetes' `ObjectMeta`).
public struct ObjectMeta: Structure {
    /// The name, unique within kind and namespace.
    public var name = ""
    /// A prefix to which the server appends a random suffix when `name` is empty.
    public var generateName: String?
    /// The namespace; empty for kinds without one.
    public var namespace = ""
    /// The identity of this very record; a re-created one has another.
    public var uid = ""
    /// The store's revision at the last write, opaque to clients.
    public var resourceVersion = ""
    /// A number that moves when the spec changes, and only then.
    public var generation: Int64?
    /// When the record was created.
    public var creationTimestamp: Timestamp?
    /// When its removal was asked for; it goes once its finalizers have.
    public var deletionTimestamp: Timestamp?
    /// Labels to select by.
    public var labels: [String: String] = [:]
    /// Annotations, not selected by.
    public var annotations: [String: String] = [:]
    /// The records this one goes with.
    public var ownerReferences: [OwnerReference] = []
    /// Who must finish before the record may go.
    public var finalizers: [String] = []
    /// Which client owns which field, as Kubernetes keeps it; the API writes it.
    public var managedFields: [Value] = []

    /// Creates empty metadata.
    public init() {}

    /// Creates metadata with a name.
    public init(name: String, namespace: String = "default") {
        self.name = name
        self.namespace = namespace
    }

    /// The fields of metadata.
    public static let fields: [Field<ObjectMeta>] = [
        Field("name", \.name, "The name, unique within kind and namespace."),
        Field("generateName", \.generateName, "A prefix the server completes to a unique name when no name is given."),
        Field("namespace", \.namespace, "The namespace the record lives in."),
        Field("uid", \.uid, "The identity of this very record, set by the server."),
        Field("resourceVersion", \.resourceVersion, "The revision of the last write, set by the server, opaque."),
        Field("generation", \.generation, "A number that moves when the spec changes, set by the server."),
        Field("creationTimestamp", \.creationTimestamp, "When the record was created, set by the server."),
        Field("deletionTimestamp", \.deletionTimestamp, "When removal was asked for, set by the server."),
        Field("labels", \.labels, "Labels to select records by."),
        Field("annotations", \.annotations, "Free notes of people and tools."),
        Field("ownerReferences", \.ownerReferences, "The records this one is removed with.", .keyed(by: "uid")),
        Field("finalizers", \.finalizers, "Who must finish their work before the record may go.", .set),
        Field("managedFields", \.managedFields, "Which client owns which field, as Kubernetes keeps it."),
    ]
}

/// A reference from a record to one that owns it: it is removed with its owner.
public struct OwnerReference: Structure {
    /// The owner's API group and version.
    public var apiVersion = ""
    /// The owner's kind.
    public var kind = ""
    /// The owner's name, in the same namespace.
    public var name = ""
    /// The owner's identity.
    public var uid = ""
    /// Whether this owner is the one that manages the record.
    public var controller: Bool?
    /// Whether the owner may only go after the record, in foreground deletion.
    public var blockOwnerDeletion: Bool?

    /// Creates an empty reference.
    public init() {}

    /// Creates a reference to the managing owner.
    public init(to owner: some Resource) {
        apiVersion = type(of: owner).kind.apiVersion
        kind = type(of: owner).kind.name
        name = owner.metadata.name
        uid = owner.metadata.uid
        controller = true
    }

    /// The fields of an owner reference.
    public static let fields: [Field<OwnerReference>] = [
        Field("apiVersion", \.apiVersion, "The owner's API group and version.", required: true),
        Field("kind", \.kind, "The owner's kind.", required: true),
        Field("name", \.name, "The owner's name.", required: true),
        Field("uid", \.uid, "The owner's identity.", required: true),
        Field("controller", \.controller, "Whether this owner manages the record."),
        Field("blockOwnerDeletion", \.blockOwnerDeletion, "Whether the owner waits for this record in deletion."),
    ]
}

/// The name of another record in the same namespace.
public struct LocalReference: Structure, Hashable {
    /// The record's name.
    public var name = ""

    /// Creates an empty reference.
    public init() {}

    /// Creates a reference.
    public init(name: String) {
        self.name = name
    }

    /// The fields of a reference.
    public static let fields: [Field<LocalReference>] = [
        Field("name", \.name, "The record's name, in the same namespace.", required: true, .nonEmpty)
    ]
}
