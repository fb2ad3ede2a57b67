import Model
import Store

/// The rules on writing the records that say who may do what.
///
/// Nobody gives rights he does not hold himself, as in Kubernetes; what is built in stays as it is.
struct AccessGuard: Sendable {
    let requester: Requester
    let index: AccessIndex
    /// Whether some digest is that of a token as far as is known here; two that are made at once, ``condition`` tells apart.
    let isTaken: @Sendable (_ digest: String) -> Bool

    /// Refuses a write that gives too much or changes what may not change.
    ///
    /// - Parameters:
    ///   - new: The record as it would be stored, valid for its kind.
    ///   - old: The record it replaces; nil for a new one.
    ///   - registered: The kind.
    /// - Returns: What the client is to be warned of.
    /// - Throws: `.forbidden` with the right that is missing, `.invalid` for fields that may not change.
    func check(_ new: Value, replacing old: Value?, _ registered: RegisteredKind) throws(APIStatus) -> [String] {
        switch registered.kind {
        case Role.kind: return try check(try read(new, Role.self), old.map { try? Role(document: $0) } ?? nil)
        case RoleBinding.kind:
            return try check(try read(new, RoleBinding.self), old.map { try? RoleBinding(document: $0) } ?? nil)
        case AccessToken.kind:
            return try check(try read(new, AccessToken.self), old.map { try? AccessToken(document: $0) } ?? nil)
        default: return []
        }
    }

    private static let digestIsTaken = FieldProblem(
        "spec.digest", .duplicate, "another token has it; make a new secret")

    /// What must hold of all records with a new one among them: no two tokens have one digest, also where two are made
    /// at the same moment.
    func condition(_ new: Value, replacing old: Value?, _ kind: Kind) -> WriteCondition? {
        guard kind == AccessToken.kind, old == nil, let digest = new[path: "spec", "digest"] else { return nil }
        return WriteCondition { (records) throws(StoreError) in
            let holders = try records.documents(of: kind).count { $0[path: "spec", "digest"] == digest }
            return holders > 1 ? [Self.digestIsTaken] : []
        }
    }

    /// Refuses a server-side apply that would make a record to who may only change it.
    func checkCreation(of id: RecordID) throws(APIStatus) {
        let wish = AccessAttributes(.create, id.kind, namespace: id.namespace, name: id.name)
        guard case .denied(let reason) = index.policy.decide(user: requester.user, groups: requester.groups, wish)
        else { return }
        throw wish.refusal(of: requester.user, because: reason)
    }

    /// Refuses to remove what is built in.
    func checkRemoval(of id: RecordID) throws(APIStatus) {
        if let problem = Self.problem(removing: id) { throw Self.builtIn(id.name, problem) }
    }

    /// Why a record cannot be removed; nil if it can.
    static func problem(removing id: RecordID) -> String? {
        id.kind == Role.kind && Role.allBuiltIn.contains { $0.metadata.name == id.name }
            ? "the role comes with the program and cannot be changed or removed" : nil
    }

    // MARK: Each kind

    private func check(_ new: Role, _ old: Role?) throws(APIStatus) -> [String] {
        let name = new.metadata.name
        if let problem = Self.problem(removing: RecordID(Role.kind, namespace: "", name: name)) {
            throw Self.builtIn(name, problem)
        }
        guard new.metadata.labels[Role.builtInLabel] == nil else {
            throw invalid(
                Role.kind, name,
                FieldProblem(
                    FieldPath("metadata.labels").appending(Role.builtInLabel), .forbidden,
                    "only roles that come with the program have it"))
        }
        if old?.spec != new.spec {
            try requireRights(new.spec.rules, in: "", for: Role.kind, name)
        }
        return []
    }

    private func check(_ new: RoleBinding, _ old: RoleBinding?) throws(APIStatus) -> [String] {
        guard old?.spec != new.spec else { return [] }
        let name = new.metadata.name
        guard let rules = index.policy.rules(ofRole: new.spec.role) else {
            // Whoever made the role later would give it to these people without knowing.
            try requireRights(Role.admin.spec.rules, in: "", for: RoleBinding.kind, name)
            return ["there is no role \"\(new.spec.role)\" yet, so the binding gives nothing"]
        }
        for namespace in new.spec.namespaces.isEmpty ? [""] : new.spec.namespaces {
            try requireRights(rules, in: namespace, for: RoleBinding.kind, name)
        }
        return []
    }

    private func check(_ new: AccessToken, _ old: AccessToken?) throws(APIStatus) -> [String] {
        let name = new.metadata.name
        if let old {
            var problems: [FieldProblem] = []
            for (field, isChanged) in [
                ("spec.user", old.spec.user != new.spec.user), ("spec.groups", old.spec.groups != new.spec.groups),
                ("spec.digest", old.spec.digest != new.spec.digest),
            ] where isChanged {
                problems.append(
                    FieldProblem(FieldPath(stringLiteral: field), .forbidden, "cannot change; make a new token"))
            }
            if old.spec.revoked, !new.spec.revoked {
                problems.append(
                    FieldProblem("spec.revoked", .forbidden, "cannot be taken back; make a new token"))
            }
            guard problems.isEmpty else { throw invalid(AccessToken.kind, name, problems) }
            guard old.spec.expires != new.spec.expires else { return [] }
        } else if isTaken(new.spec.digest) {
            throw invalid(AccessToken.kind, name, Self.digestIsTaken)
        }
        // What a user will be allowed later is not known now, so to hold his rights of today is not enough: only who
        // may do everything makes tokens for others.
        let isOwn = new.spec.user == requester.user && Set(new.spec.groups).isSubset(of: requester.groups)
        if !isOwn {
            try requireRights(Role.admin.spec.rules, in: "", for: AccessToken.kind, name)
        }
        return []
    }

    // MARK: Refusals

    private func requireRights(
        _ rules: [RoleRule], in namespace: String, for kind: Kind, _ name: String
    ) throws(APIStatus) {
        let missing = index.policy.missingRight(
            user: requester.user, groups: requester.groups, of: rules, in: namespace)
        guard let missing else { return }
        let groups = requester.groups.map { "\"\($0)\"" }.joined(separator: " ")
        let scope = namespace.isEmpty ? "everywhere" : "in the namespace \"\(namespace)\""
        throw APIStatus(
            .forbidden,
            "\(kind.qualifiedPlural) \"\(name)\" is forbidden: user \"\(requester.user)\" (groups=[\(groups)]) is attempting "
                + "to grant RBAC permissions not currently held: \(missing) \(scope)",
            details: APIStatus.Details(kind, name: name))
    }

    private static func builtIn(_ name: String, _ problem: String) -> APIStatus {
        APIStatus(
            .forbidden, "\(Role.kind.qualifiedPlural) \"\(name)\" is forbidden: \(problem)",
            details: APIStatus.Details(Role.kind, name: name))
    }

    private func invalid(_ kind: Kind, _ name: String, _ problems: FieldProblem...) -> APIStatus {
        invalid(kind, name, problems)
    }

    private func invalid(_ kind: Kind, _ name: String, _ problems: [FieldProblem]) -> APIStatus {
        APIStatus(InvalidRecord(kind: kind.name, name: name, problems: problems), of: kind)
    }

    private func read<Object: Resource>(_ document: Value, _ type: Object.Type) throws(APIStatus) -> Object {
        do {
            return try Object(document: document)
        } catch {
            throw APIStatus(error, of: Object.kind)
        }
    }
}
