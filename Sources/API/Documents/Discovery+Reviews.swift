import Model

/// What the server says of the questions users may ask about themselves; they are no records.
extension Discovery {
    /// The groups of the questions.
    static let reviewVersions: [GroupVersion] = {
        var versions: [GroupVersion] = []
        for review in SelfReview.allCases where !versions.contains(GroupVersion(of: review.kind)) {
            versions.append(GroupVersion(of: review.kind))
        }
        return versions.sorted { $0.group < $1.group }
    }()

    /// The entry of a group in the list of groups.
    static func reviewGroup(_ version: GroupVersion) -> Value {
        let entry: Value = ["groupVersion": .string(version.name), "version": .string(version.version)]
        return ["name": .string(version.group), "versions": [entry], "preferredVersion": entry]
    }

    /// The answer to `/apis/GROUP/VERSION`.
    static func reviewResources(in version: GroupVersion) -> Value {
        let resources = reviews(in: version).map { kind -> Value in
            [
                "name": .string(kind.plural), "singularName": .string(kind.singular), "namespaced": false,
                "kind": .string(kind.name), "verbs": ["create"],
            ]
        }
        return [
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": .string(version.name),
            "resources": .array(resources),
        ]
    }

    /// The group in the aggregated form.
    static func aggregatedReviews(_ version: GroupVersion) -> Value {
        let resources = reviews(in: version).map { kind -> Value in
            [
                "resource": .string(kind.plural),
                "responseKind": [
                    "group": .string(kind.group), "version": .string(kind.version), "kind": .string(kind.name),
                ], "scope": "Cluster", "singularResource": .string(kind.singular), "verbs": ["create"],
            ]
        }
        return [
            "metadata": ["name": .string(version.group)],
            "versions": [
                [
                    "version": .string(version.version), "freshness": "Current", "resources": .array(resources),
                ]
            ],
        ]
    }

    private static func reviews(in version: GroupVersion) -> [Kind] {
        SelfReview.allCases.map(\.kind).filter { GroupVersion(of: $0) == version }
    }
}
