/// A space of names: records of different namespaces never meet (core/v1 `Namespace`).
public struct Namespace: Resource {
    /// What records of the kind are for.
    public static let summary =
        "A space of names: records of different namespaces never meet. Annotations that begin with "
        + "quota.lodestone.dev/ limit what it may hold."
    /// The kind.
    public static let kind = Kind(
        group: "", version: "v1", name: "Namespace", plural: "namespaces", shortNames: ["ns"], isNamespaced: false,
        hasStatus: true)
    /// What annotations begin with that say how many records of a kind, by its plural, the namespace may hold, or how
    /// many `members` its Local clusters may have together.
    public static let quotaPrefix = "quota.lodestone.dev/"
    /// What a quota speaks of that is no kind: the members of Local clusters.
    public static let membersQuota = "members"
    /// Identity, labels and history.
    public var metadata = ObjectMeta()
    /// Kubernetes' own finalizers, kept as they are.
    public var spec = NamespaceSpec()
    /// Whether it is in use or going.
    public var status = NamespaceStatus()

    /// Creates an empty record.
    public init() {}

    /// Creates a namespace.
    public init(name: String) {
        metadata = ObjectMeta(name: name, namespace: "")
    }

    /// The fields.
    public static let fields: [Field<Namespace>] = [
        Field("metadata", \.metadata, "Identity, labels and history."),
        Field("spec", \.spec, "What keeps the namespace from going."),
        Field("status", \.status, "Whether the namespace is in use or going."),
    ]

    /// The table.
    public static let columns: [Column<Namespace>] = [
        Column("Status", "Whether the namespace is in use or going.") { record in .string(record.status.phase) },
        .age,
    ]
}

/// What keeps a namespace from going.
public struct NamespaceSpec: Structure {
    /// The finalizers.
    public var finalizers = ["kubernetes"]
    /// Creates the default.
    public init() {}
    /// The fields.
    public static let fields: [Field<NamespaceSpec>] = [
        Field("finalizers", \.finalizers, "Who must finish before the namespace goes.")
    ]
}

/// Whether a namespace is in use or going.
public struct NamespaceStatus: Structure {
    /// `Active` or `Terminating`.
    public var phase = "Active"
    /// Creates the default.
    public init() {}
    /// The fields.
    public static let fields: [Field<NamespaceStatus>] = [Field("phase", \.phase, "Active or Terminating.")]
}
