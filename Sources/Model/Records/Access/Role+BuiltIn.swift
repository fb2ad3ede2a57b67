/// The roles that come with the program.
extension Role {
    /// `viewer` reads everything but the values of Secrets and who may do what.
    public static let viewer = builtIn(
        "viewer",
        [
            RoleRule(
                reading,
                on: RegisteredKind.all.map(\.kind).filter { !$0.categories.contains("access") }.flatMap(names(of:))
                    + ["services", "*/scale"]),
            RoleRule([.get], at: ["/metrics", "/findings"]),
        ])

    /// `operator` also makes, changes and removes clusters and all that belongs to them, and writes Secrets without
    /// seeing their values.
    public static let `operator` = builtIn(
        "operator",
        viewer.spec.rules + [
            RoleRule(
                reading + [.create, .update, .patch, .delete, .deletecollection],
                on: RegisteredKind.all.map(\.kind).filter { $0.categories.contains("etcd") }.map(\.plural)),
            RoleRule([.get, .update, .patch], on: ["etcdclusters/scale"]),
            RoleRule([.create, .update, .patch, .delete], on: [Secret.kind.plural]),
        ])

    /// `admin` does everything.
    public static let admin = builtIn("admin", [RoleRule([.all], on: ["*"]), RoleRule([.all], at: ["*"])])

    /// All of them.
    public static let allBuiltIn = [viewer, `operator`, admin]

    /// The group whose users may do everything, whatever the records say, so that nobody is ever locked out.
    public static let adminGroup = "lodestone:admins"

    private static let reading: [AccessVerb] = [.get, .list, .watch]

    private static func names(of kind: Kind) -> [String] {
        kind.hasStatus ? [kind.plural, "\(kind.plural)/status"] : [kind.plural]
    }

    private static func builtIn(_ name: String, _ rules: [RoleRule]) -> Role {
        var role = Role(name: name, rules: rules)
        role.metadata.labels[builtInLabel] = "true"
        return role
    }
}
