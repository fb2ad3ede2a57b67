import Model

/// The questions a user may ask about himself, as Kubernetes has them; `kubectl auth` asks them.
enum SelfReview: CaseIterable {
    /// Whether he may do something (`kubectl auth can-i`).
    case access
    /// What he may do in a namespace (`kubectl auth can-i --list`).
    case rules
    /// Who he is (`kubectl auth whoami`).
    case identity

    /// The kind of the question.
    var kind: Kind {
        let (group, name) =
            switch self {
            case .access: ("authorization.k8s.io", "SelfSubjectAccessReview")
            case .rules: ("authorization.k8s.io", "SelfSubjectRulesReview")
            case .identity: ("authentication.k8s.io", "SelfSubjectReview")
            }
        return Kind(
            group: group, version: "v1", name: name, plural: name.lowercased() + "s", shortNames: [],
            isNamespaced: false, hasStatus: false)
    }

    /// The answer to a question.
    ///
    /// - Parameters:
    ///   - question: The request's body.
    ///   - requester: Who asks.
    ///   - policy: Who may do what.
    ///   - now: The present.
    /// - Returns: The question with its answer.
    /// - Throws: `.badRequest` for what is no question of this kind, `.invalid` for one that is not complete.
    func answer(
        _ question: Value, of requester: Requester, by policy: AccessPolicy, at now: Timestamp
    ) throws(APIStatus) -> Value {
        var answer = question
        for (field, value) in [("apiVersion", kind.apiVersion), ("kind", kind.name)] {
            switch question[field] {
            case nil, .null?, .string("")?, .string(value)?: answer[field] = .string(value)
            default:
                throw APIStatus(.badRequest, "the \(field) of the request must be \"\(value)\" at this path")
            }
        }
        var metadata = question["metadata"] ?? [:]
        metadata["creationTimestamp"] = nil
        answer["metadata"] = metadata
        switch self {
        case .access:
            let decision = policy.decide(user: requester.user, groups: requester.groups, try wish(in: question))
            answer["status"] =
                switch decision {
                case .allowed(let reason): ["allowed": true, "reason": .string(reason)]
                case .denied(let reason):
                    reason.map { ["allowed": false, "reason": .string($0)] } ?? ["allowed": false]
                }
        case .rules:
            answer["status"] = rules(of: requester, in: question[path: "spec", "namespace"]?.string ?? "", by: policy)
        case .identity:
            metadata["creationTimestamp"] = .string(now.wholeSeconds.description)
            answer["metadata"] = metadata
            var user: Value = [
                "username": .string(requester.user), "groups": .array(requester.groups.map { .string($0) }),
            ]
            if case .token(_, let name, let uid) = requester.proof {
                user["uid"] = .string(uid)
                user["extra"] = ["lodestone.dev/token": [.string(name)]]
            }
            answer["status"] = ["userInfo": user]
        }
        return answer
    }

    private func wish(in question: Value) throws(APIStatus) -> AccessAttributes {
        let resource = question[path: "spec", "resourceAttributes"]
        let path = question[path: "spec", "nonResourceAttributes"]
        if let resource, resource.members != nil, path?.members == nil {
            func text(_ field: String) -> String { resource[field]?.string ?? "" }
            return AccessAttributes(
                text("verb"), group: text("group"), plural: text("resource"), subresource: text("subresource"),
                namespace: text("namespace"), name: text("name"))
        }
        if let path, path.members != nil, resource?.members == nil {
            return AccessAttributes(path["verb"]?.string ?? "", path: path["path"]?.string ?? "")
        }
        throw APIStatus(
            InvalidRecord(
                kind: kind.name, name: "",
                problems: [
                    FieldProblem(
                        "spec.resourceAttributes", .invalid,
                        "exactly one of nonResourceAttributes or resourceAttributes must be specified")
                ]), of: kind)
    }

    private func rules(of requester: Requester, in namespace: String, by policy: AccessPolicy) -> Value {
        let rules = policy.rules(user: requester.user, groups: requester.groups, in: namespace)
        func list(_ texts: [String]) -> Value { .array(texts.map { .string($0) }) }
        var resources: [Value] = Self.allCases.map { review in
            [
                "verbs": ["create"], "apiGroups": [.string(review.kind.group)],
                "resources": [.string(review.kind.plural)],
            ]
        }
        var paths: [Value] = [
            ["verbs": ["get"], "nonResourceURLs": list(Route.pathsForEverybody)],
            ["verbs": ["get"], "nonResourceURLs": list(Route.pathsForUsers)],
        ]
        for rule in rules {
            let verbs = list(rule.verbs.map(\.rawValue))
            if !rule.paths.isEmpty {
                paths.append(["verbs": verbs, "nonResourceURLs": list(rule.paths)])
                continue
            }
            for (group, plurals) in Self.byGroup(rule.resources) {
                var entry: Value = ["verbs": verbs, "apiGroups": [.string(group)], "resources": list(plurals)]
                if !rule.names.isEmpty { entry["resourceNames"] = list(rule.names) }
                resources.append(entry)
            }
        }
        return ["resourceRules": .array(resources), "nonResourceRules": .array(paths), "incomplete": false]
    }

    /// A rule's resources by their group; `*` stands for all groups.
    private static func byGroup(_ resources: [String]) -> [(group: String, plurals: [String])] {
        var result: [(group: String, plurals: [String])] = []
        for resource in resources {
            let plural = resource.prefix { $0 != "/" }
            let kind = RegisteredKind.all.first { $0.kind.plural == plural }?.kind
            let group = plural == "*" ? "*" : kind?.group ?? ""
            if let index = result.firstIndex(where: { $0.group == group }) {
                result[index].plurals.append(resource)
            } else {
                result.append((group, [resource]))
            }
        }
        return result
    }
}
