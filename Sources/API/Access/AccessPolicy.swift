import Model

/// Who may do what: the roles and bindings at one moment, judged without looking anywhere else.
struct AccessPolicy: Sendable {
    /// A role given to a user or group.
    struct Grant: Sendable {
        let binding: String
        let role: String
        let subject: AccessSubject
        let rules: [RoleRule]
        /// Where it holds; everywhere if there are none.
        let namespaces: Set<String>

        /// Whether the grant holds in a namespace; what has no namespace is only touched by grants everywhere.
        func holds(in namespace: String) -> Bool {
            namespaces.isEmpty || (!namespace.isEmpty && namespaces.contains(namespace))
        }
    }

    /// A judgement.
    enum Decision: Sendable, Equatable {
        /// It may be done, and why.
        case allowed(String)
        /// It may not; the reason says what is amiss with the user's roles, if anything is.
        case denied(String?)

        var isAllowed: Bool {
            if case .allowed = self { true } else { false }
        }
    }

    private let grants: [AccessSubject: [Grant]]
    private let missingRoles: [AccessSubject: [String]]
    private let roles: [String: [RoleRule]]

    /// The policy of some roles and bindings; what is built in counts as the program has it, whatever a record says.
    init(roles records: [Role] = [], bindings: [RoleBinding] = []) {
        var roles: [String: [RoleRule]] = [:]
        for role in records + Role.allBuiltIn {
            roles[role.metadata.name] = role.spec.rules
        }
        self.roles = roles
        var grants: [AccessSubject: [Grant]] = [:]
        var missing: [AccessSubject: [String]] = [:]
        for binding in bindings.sorted(by: { $0.metadata.name < $1.metadata.name }) {
            for subject in Set(binding.spec.subjects) {
                guard let rules = roles[binding.spec.role] else {
                    missing[subject, default: []].append(binding.spec.role)
                    continue
                }
                grants[subject, default: []].append(
                    Grant(
                        binding: binding.metadata.name, role: binding.spec.role, subject: subject, rules: rules,
                        namespaces: Set(binding.spec.namespaces)))
            }
        }
        self.grants = grants
        missingRoles = missing
    }

    /// What a role allows; nil if there is no such role.
    func rules(ofRole name: String) -> [RoleRule]? { roles[name] }

    /// Whether somebody may do something.
    func decide(user: String, groups: [String], _ wish: AccessAttributes) -> Decision {
        if groups.contains(Role.adminGroup) {
            return .allowed("RBAC: the group \"\(Role.adminGroup)\" may do everything")
        }
        for grant in self.grants(of: user, groups) where grant.holds(in: wish.namespace) {
            if grant.rules.contains(where: { $0.allows(wish) }) {
                let subject = "\(grant.subject.kind.rawValue) \"\(grant.subject.name)\""
                return .allowed(
                    "RBAC: allowed by RoleBinding \"\(grant.binding)\" of Role \"\(grant.role)\" to \(subject)")
            }
        }
        let missing = Set(Self.subjects(user, groups).flatMap { missingRoles[$0] ?? [] }).sorted()
        guard !missing.isEmpty else { return .denied(nil) }
        return .denied("RBAC: " + missing.map { "role \"\($0)\" not found" }.joined(separator: ", "))
    }

    /// The rules somebody has in a namespace, those that hold everywhere included.
    func rules(user: String, groups: [String], in namespace: String) -> [RoleRule] {
        if groups.contains(Role.adminGroup) { return Role.admin.spec.rules }
        return grants(of: user, groups).filter { $0.holds(in: namespace) }.flatMap(\.rules)
    }

    /// The first right out of some rules that somebody does not hold himself in a scope; nil if he holds all.
    ///
    /// A rule is taken apart into single rights, each of which one rule of his must cover (as Kubernetes'
    /// `validation.Covers` does).
    ///
    /// - Parameters:
    ///   - user: Who gives.
    ///   - groups: The groups he is in.
    ///   - rules: What is to be given.
    ///   - namespace: Where; empty for everywhere.
    /// - Returns: The first right he lacks; nil if he lacks none.
    func missingRight(user: String, groups: [String], of rules: [RoleRule], in namespace: String) -> RoleRule? {
        let own = self.rules(user: user, groups: groups, in: namespace)
        for right in rules.flatMap(\.singleRights) where !own.contains(where: { $0.covers(right) }) {
            return right
        }
        return nil
    }

    private func grants(of user: String, _ groups: [String]) -> [Grant] {
        Self.subjects(user, groups).flatMap { grants[$0] ?? [] }
    }

    private static func subjects(_ user: String, _ groups: [String]) -> [AccessSubject] {
        [AccessSubject(.user, user)] + groups.map { AccessSubject(.group, $0) }
    }
}

extension RoleRule {
    /// Whether the rule allows a wish.
    func allows(_ wish: AccessAttributes) -> Bool {
        guard verbs.contains(where: { $0 == .all || $0.rawValue == wish.verb }) else { return false }
        switch wish.target {
        case .path(let path):
            return paths.contains { Self.path($0, matches: path) }
        case .resource(let group, let plural, let subresource, _, let name):
            // A rule names plurals without their group: a plural of another group is not what it means.
            let isKnown = Self.groups[plural] == group || group == "*"
            guard resources.contains(where: { $0 == "*" || isKnown && Self.resource($0, matches: plural, subresource) })
            else { return false }
            return names.isEmpty || names.contains(name)
        }
    }

    /// The rule as rights that each speak of one verb, one resource or path, and one name at most.
    var singleRights: [RoleRule] {
        verbs.flatMap { verb in
            resources.flatMap { resource in
                names.isEmpty
                    ? [RoleRule([verb], on: [resource])] : names.map { RoleRule([verb], on: [resource], named: [$0]) }
            } + paths.map { RoleRule([verb], at: [$0]) }
        }
    }

    /// Whether the rule allows everything a single right allows.
    func covers(_ right: RoleRule) -> Bool {
        guard let verb = right.verbs.first, verbs.contains(.all) || verbs.contains(verb) else { return false }
        if let path = right.paths.first {
            return paths.contains { own in
                guard own.hasSuffix("*") else { return own == path }
                return path.hasPrefix(own.dropLast())
            }
        }
        guard let resource = right.resources.first else { return false }
        let parts = resource.split(separator: "/", maxSplits: 1).map(String.init)
        let isCovered = resources.contains { own in
            own == "*" || own == resource || parts.count == 2 && own == "*/\(parts[1])"
        }
        guard isCovered else { return false }
        return names.isEmpty || right.names.first.map(names.contains) == true
    }

    private static let groups = Dictionary(
        RegisteredKind.all.map { ($0.kind.plural, $0.kind.group) } + [("services", "")]
    ) { first, _ in first }

    private static func resource(_ own: String, matches plural: String, _ subresource: String) -> Bool {
        subresource.isEmpty ? own == plural : own == "\(plural)/\(subresource)" || own == "*/\(subresource)"
    }

    private static func path(_ pattern: String, matches path: String) -> Bool {
        pattern.hasSuffix("*") ? path.hasPrefix(pattern.dropLast()) : path == pattern
    }
}
