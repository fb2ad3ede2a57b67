import Model

/// What somebody wants to do, in the terms in which rights are given.
struct AccessAttributes: Sendable, Hashable {
    /// What it is done to.
    enum Target: Sendable, Hashable {
        /// Records of a kind, or a part of one; namespace and name are empty where the wish goes beyond one.
        case resource(group: String, plural: String, subresource: String, namespace: String, name: String)
        /// A path that is no record.
        case path(String)
    }

    /// What is done, in Kubernetes' words: `get`, `list`, `create` and so on.
    let verb: String
    /// What it is done to.
    let target: Target

    init(_ verb: String, path: String) {
        self.verb = verb
        target = .path(path)
    }

    init(
        _ verb: String, group: String, plural: String, subresource: String = "", namespace: String = "",
        name: String = ""
    ) {
        self.verb = verb
        target = .resource(
            group: group, plural: plural, subresource: subresource, namespace: namespace, name: name)
    }

    init(_ verb: AccessVerb, _ kind: Kind, namespace: String = "", name: String = "", subresource: String = "") {
        self.init(
            verb.rawValue, group: kind.group, plural: kind.plural, subresource: subresource, namespace: namespace,
            name: name)
    }

    /// The namespace it happens in; empty for every namespace, and for what has none.
    var namespace: String {
        if case .resource(_, _, _, let namespace, _) = target { namespace } else { "" }
    }

    /// The refusal of the wish, worded as Kubernetes words it, so that people and programs know it.
    ///
    /// - Parameters:
    ///   - user: Who was refused.
    ///   - reason: What is to be said beyond that, if anything.
    /// - Returns: The refusal.
    func refusal(of user: String, because reason: String? = nil) -> APIStatus {
        let more = reason.map { ": \($0)" } ?? ""
        switch target {
        case .path(let path):
            return APIStatus(.forbidden, "forbidden: User \"\(user)\" cannot \(verb) path \"\(path)\"\(more)")
        case .resource(let group, let plural, let subresource, let namespace, let name):
            let qualified = group.isEmpty ? plural : "\(plural).\(group)"
            let resource = subresource.isEmpty ? plural : "\(plural)/\(subresource)"
            let scope = namespace.isEmpty ? "at the cluster scope" : "in the namespace \"\(namespace)\""
            return APIStatus(
                .forbidden,
                "\(qualified) \(name.isEmpty ? "" : "\"\(name)\" ")is forbidden: User \"\(user)\" cannot \(verb) resource "
                    + "\"\(resource)\" in API group \"\(group)\" \(scope)\(more)",
                details: APIStatus.Details(name: name, group: group, kind: plural))
        }
    }
}
