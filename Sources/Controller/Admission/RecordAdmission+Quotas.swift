public import Model
public import Store

/// How much a namespace may hold, as the annotations of its record say (``Namespace/quotaPrefix``).
extension RecordAdmission {
    /// What must hold of all records with this one among them: the quotas of its namespace.
    ///
    /// They are counted in the write itself, so that of many writes at once no more pass than there is room for. What
    /// takes up no more than before is never refused, also where a quota was lowered.
    ///
    /// - Parameters:
    ///   - new: The document as it would be stored, valid for its kind.
    ///   - old: The document as it is stored; nil for a new record.
    ///   - kind: The kind.
    /// - Returns: The condition; nil where no quota can be exceeded.
    public func condition(_ new: Value, replacing old: Value?, of kind: Kind) -> WriteCondition? {
        guard kind.isNamespaced, let name = new[path: "metadata", "namespace"]?.string else { return nil }
        let wanted = kind == EtcdCluster.kind ? Self.members(new) : 0
        let isMore = wanted > (old.map(Self.members) ?? 0)
        guard old == nil || isMore else { return nil }
        return WriteCondition { (records) throws(StoreError) in
            let annotations = try records.document(of: Namespace.kind, named: name)?[path: "metadata", "annotations"]
            func quota(_ subject: String) -> Int? {
                annotations?[Namespace.quotaPrefix + subject]?.string.flatMap { Int($0) }
            }
            var problems: [FieldProblem] = []
            if old == nil, let allowed = quota(kind.plural) {
                let all = try records.count(kind, in: name)
                if all > allowed {
                    problems.append(
                        Self.exceeded("metadata.namespace", kind.plural, all, of: allowed, name))
                }
            }
            if isMore, let allowed = quota(Namespace.membersQuota) {
                let all = try records.documents(of: kind, in: name).reduce(0) { $0 + Self.members($1) }
                if all > allowed {
                    problems.append(
                        Self.exceeded("spec.size", Namespace.membersQuota, all, of: allowed, name))
                }
            }
            return problems
        }
    }

    /// The members Lodestone runs for a cluster.
    private static func members(_ cluster: Value) -> Int {
        guard cluster[path: "spec", "provider"]?.string == Provider.local.rawValue else { return 0 }
        return Int(cluster[path: "spec", "size"]?.integer ?? 0)
    }

    private static func exceeded(
        _ field: FieldPath, _ subject: String, _ all: Int, of allowed: Int, _ namespace: String
    ) -> FieldProblem {
        FieldProblem(
            field, .forbidden,
            "exceeds the quota of namespace \"\(namespace)\": \(all) \(subject) with it are more than "
                + "\(Namespace.quotaPrefix)\(subject)=\(allowed)")
    }
}
