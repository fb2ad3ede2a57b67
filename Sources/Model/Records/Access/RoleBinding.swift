/// Gives a role to people and groups, everywhere or in some namespaces.
public struct RoleBinding: Resource {
    /// What records of the kind are for.
    public static let summary =
        "Gives the rights of a Role to users and groups, everywhere or in some namespaces."
    /// The kind.
    public static let kind = Kind(
        group: Kind.lodestoneGroup, version: "v1alpha1", name: "RoleBinding", plural: "rolebindings", shortNames: [],
        categories: ["access"], isNamespaced: false, hasStatus: false)
    /// Identity, labels and history.
    public var metadata = ObjectMeta()
    /// Which role, for whom, where.
    public var spec = RoleBindingSpec()

    /// Creates an empty record.
    public init() {}

    /// Creates a binding.
    public init(name: String, role: String, subjects: [AccessSubject], namespaces: [String] = []) {
        metadata = ObjectMeta(name: name, namespace: "")
        spec.role = role
        spec.subjects = subjects
        spec.namespaces = namespaces
    }

    /// The fields.
    public static let fields: [Field<RoleBinding>] = [
        Field("metadata", \.metadata, "Identity, labels and history."),
        Field("spec", \.spec, "Which role, for whom, where.", required: true),
    ]

    /// The table.
    public static let columns: [Column<RoleBinding>] = [
        Column("Role", "The role that is given.") { record, _ in .string(record.spec.role) },
        Column("Subjects", "To whom.") { record, _ in
            .string(record.spec.subjects.map(\.description).joined(separator: ","))
        },
        Column("Namespaces", "Where.") { record, _ in
            .string(record.spec.namespaces.isEmpty ? "everywhere" : record.spec.namespaces.joined(separator: ","))
        },
        .age,
    ]

    /// Namespaces must be possible ones.
    public func validate() -> [FieldProblem] {
        spec.namespaces.enumerated().compactMap { index, name in
            ObjectMeta.isSubdomain(name) && name.utf8.count <= 63
                ? nil
                : FieldProblem(
                    FieldPath("spec.namespaces").appending(index), .invalid,
                    "\"\(name)\" is no valid namespace name; leave the list out to bind everywhere")
        }
    }
}

/// Which role, for whom, where.
public struct RoleBindingSpec: Structure {
    /// The name of the role.
    public var role = ""
    /// To whom it is given.
    public var subjects: [AccessSubject] = []
    /// Where; everywhere if there are none.
    public var namespaces: [String] = []

    /// Creates an empty binding.
    public init() {}

    /// The fields.
    public static let fields: [Field<RoleBindingSpec>] = [
        Field(
            "role", \.role, "The name of the role: viewer, operator, admin, or one of your own.", required: true,
            .nonEmpty),
        Field("subjects", \.subjects, "To whom the role is given.", .atMost(1000)),
        Field(
            "namespaces", \.namespaces,
            "Where the role holds; everywhere if there are none. Only a binding everywhere also gives rights to kinds "
                + "that have no namespace and to paths that are no records.", .atMost(1000)),
    ]
}

/// What a binding names: one user or one group of users.
public enum AccessSubjectKind: String, Choice, Hashable {
    /// One user.
    case user = "User"
    /// All users of a group.
    case group = "Group"
}

/// A user or a group.
public struct AccessSubject: Structure, Hashable, CustomStringConvertible {
    /// Whether it is a user or a group.
    public var kind = AccessSubjectKind.user
    /// The name, as tokens and certificates give it.
    public var name = ""

    /// Creates an empty subject.
    public init() {}

    /// Creates a subject.
    public init(_ kind: AccessSubjectKind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    /// The fields.
    public static let fields: [Field<AccessSubject>] = [
        Field("kind", \.kind, "User or Group.", required: true),
        Field(
            "name", \.name,
            "The name as tokens give it, and client certificates: CN is the user, O the groups; system:authenticated "
                + "is the group of everybody who has shown who he is.", required: true, .nonEmpty),
    ]

    /// Kind and name: `User/alice`.
    public var description: String { "\(kind.rawValue)/\(name)" }
}
