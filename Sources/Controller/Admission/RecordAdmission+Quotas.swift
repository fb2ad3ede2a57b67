import Model
import Store

/// How much a namespace may hold, as the annotations of its record say (``Namespace/quotaPrefix``).
extension RecordAdmission {
    func exceededQuotas(
        by new: Value, replacing old: Value?, _ kind: Kind
    ) async throws(StoreError) -> [FieldProblem] {
        guard kind.isNamespaced, let name = new[path: "metadata", "namespace"]?.string,
            let namespace = try await store.find(Namespace.self, named: name)
        else { return [] }
        func quota(_ subject: String) -> Int? {
            namespace.metadata.annotations[Namespace.quotaPrefix + subject].flatMap { Int($0) }
        }
        var problems: [FieldProblem] = []
        if old == nil, let allowed = quota(kind.plural) {
            let used = try await store.list(RecordQuery(kind, namespace: name)).records.count
            if used >= allowed {
                problems.append(exceeded("metadata.namespace", kind.plural, used, adding: 1, of: allowed, name))
            }
        }
        guard kind == EtcdCluster.kind, let allowed = quota(Namespace.membersQuota) else { return problems }
        let wanted = Self.members(new)
        guard wanted > (old.map(Self.members) ?? 0) else { return problems }
        let ownName = new[path: "metadata", "name"]?.string
        let others = try await store.list(RecordQuery(kind, namespace: name)).records.filter {
            $0.id.name != ownName
        }
        let used = others.reduce(0) { $0 + Self.members($1.document) }
        if used + wanted > allowed {
            problems.append(exceeded("spec.size", Namespace.membersQuota, used, adding: wanted, of: allowed, name))
        }
        return problems
    }

    /// The members Lodestone runs for a cluster.
    private static func members(_ cluster: Value) -> Int {
        guard cluster[path: "spec", "provider"]?.string == Provider.local.rawValue else { return 0 }
        return Int(cluster[path: "spec", "size"]?.integer ?? 0)
    }

    private func exceeded(
        _ field: FieldPath, _ subject: String, _ used: Int, adding more: Int, of allowed: Int, _ namespace: String
    ) -> FieldProblem {
        FieldProblem(
            field, .forbidden,
            "exceeds the quota of namespace \"\(namespace)\": \(used) \(subject) are there, \(more) more would be too "
                + "many for \(Namespace.quotaPrefix)\(subject)=\(allowed)")
    }
}
