import Model

/// What may be asked of a namespace.
extension RecordRules {
    static func problems(ofNamespace new: Namespace, replacing old: Namespace?) -> [FieldProblem] {
        let known = RegisteredKind.all.filter(\.kind.isNamespaced).map(\.kind.plural) + [Namespace.membersQuota]
        return new.metadata.annotations.sorted { $0.key < $1.key }.compactMap { name, text in
            guard name.hasPrefix(Namespace.quotaPrefix) else { return nil }
            let field = FieldPath("metadata.annotations").appending(name)
            let subject = String(name.dropFirst(Namespace.quotaPrefix.count))
            guard known.contains(subject) else {
                return FieldProblem(
                    field, .unsupported,
                    "there is no quota of \"\(subject)\"; possible are \(known.joined(separator: ", "))")
            }
            guard let count = Int(text), count >= 0 else {
                return FieldProblem(field, .invalid, "must be a whole number, not \"\(text)\"")
            }
            return nil
        }
    }
}
