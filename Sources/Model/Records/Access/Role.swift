/// What somebody may do: a list of rules, given to people by a `RoleBinding`.
///
/// Rules only ever allow; what no rule allows is refused. The roles `viewer`, `operator` and `admin` are built in: they
/// are the same on every server and cannot be changed.
public struct Role: Resource {
    /// What records of the kind are for.
    public static let summary =
        "Rights by name: which verbs on which kinds of records. A RoleBinding gives them to users and groups."

    /// The kind.
    public static let kind = Kind(
        group: Kind.lodestoneGroup, version: "v1alpha1", name: "Role", plural: "roles", shortNames: [],
        categories: ["access"], isNamespaced: false, hasStatus: false)
    /// The label of roles that come with the program.
    public static let builtInLabel = "lodestone.dev/built-in"
    /// Identity, labels and history.
    public var metadata = ObjectMeta()
    /// What the role allows.
    public var spec = RoleSpec()

    /// Creates an empty record.
    public init() {}

    /// Creates a role.
    public init(name: String, rules: [RoleRule]) {
        metadata = ObjectMeta(name: name, namespace: "")
        spec.rules = rules
    }

    /// The fields.
    public static let fields: [Field<Role>] = [
        Field("metadata", \.metadata, "Identity, labels and history."),
        Field("spec", \.spec, "What the role allows.", required: true),
    ]

    /// The table.
    public static let columns: [Column<Role>] = [
        Column("Rules", "The number of rules.", type: .integer) { record, _ in
            .integer(Int64(record.spec.rules.count))
        },
        Column("Built-in", "Whether the role comes with the program and cannot be changed.", type: .boolean) {
            record, _ in .bool(record.metadata.labels[builtInLabel] != nil)
        },
        .age,
        Column("Allows", "The rules in short.", wide: true) { record, _ in
            .string(record.spec.rules.map(\.description).joined(separator: "; "))
        },
    ]

    /// The rules that join several fields.
    public func validate() -> [FieldProblem] {
        spec.rules.enumerated().flatMap { index, rule in
            rule.problems(at: FieldPath("spec.rules").appending(index))
        }
    }
}

/// What a role allows.
public struct RoleSpec: Structure {
    /// The rules; each allows by itself.
    public var rules: [RoleRule] = []

    /// Creates a role that allows nothing.
    public init() {}

    /// The fields.
    public static let fields: [Field<RoleSpec>] = [
        Field(
            "rules", \.rules, "What the role allows, each rule by itself; what no rule allows is refused.", .atMost(100)
        )
    ]
}
