import Model
import Transport

/// What the server says of the kinds it offers, in the old form (a document for each group version) and in the
/// aggregated form that kubectl asks for since 1.27.
struct Discovery: Sendable {
    private static let verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
    private static let statusVerbs = ["get", "patch", "update"]

    let kinds: KindIndex

    /// What can be done to the records of a kind; namespaces go one by one only, as in Kubernetes.
    private static func verbs(of kind: Kind) -> [String] {
        verbs.filter { kind != Namespace.kind || $0 != "deletecollection" }
    }

    /// The answer to `/api` (the core group) or `/apis` (all others), in the form the request's `Accept` asks for.
    func groups(isCore: Bool, for request: HTTPServerRequest) -> HTTPServerResponse {
        let vary = [HTTPServerField("Vary", "Accept")]
        guard let version = AcceptHeader(request).discoveryVersion else {
            return .json(isCore ? coreVersions : groupList, headers: vary)
        }
        // With plain `application/json` kubectl would take the document for the old form, and see no kinds at all.
        let type = "application/json;g=apidiscovery.k8s.io;v=\(version);as=APIGroupDiscoveryList"
        let names = isCore ? [""] : groupNames
        let document: Value = [
            "kind": "APIGroupDiscoveryList", "apiVersion": .string("apidiscovery.k8s.io/\(version)"), "metadata": [:],
            "items": .array(
                names.map(aggregated(group:)) + (isCore ? [] : Self.reviewVersions.map(Self.aggregatedReviews))),
        ]
        return .json(document, contentType: type, headers: vary)
    }

    /// The answer to `/apis/GROUP`.
    func group(_ name: String) -> Value {
        let review = Self.reviewVersions.first { $0.group == name }
        var document = review.map(Self.reviewGroup) ?? entry(ofGroup: name)
        document["kind"] = "APIGroup"
        document["apiVersion"] = "v1"
        return document
    }

    /// The answer to `/api/v1` and `/apis/GROUP/VERSION`.
    func resources(in version: GroupVersion) -> Value {
        guard !Self.reviewVersions.contains(version) else { return Self.reviewResources(in: version) }
        var resources = kinds.kinds(in: version).flatMap { registered -> [Value] in
            let kind = registered.kind
            var own = resource(kind.plural, kind, verbs: Self.verbs(of: kind))
            own["singularName"] = .string(kind.singular)
            own["shortNames"] = Self.list(kind.shortNames)
            own["categories"] = Self.list(kind.categories)
            var all = [own]
            if kind.hasStatus {
                all.append(resource("\(kind.plural)/status", kind, verbs: Self.statusVerbs))
            }
            if Scale.isOffered(by: kind) {
                var scale = resource("\(kind.plural)/scale", kind, verbs: Self.statusVerbs)
                scale["group"] = .string(Scale.group)
                scale["version"] = .string(Scale.version)
                scale["kind"] = .string(Scale.kind)
                all.append(scale)
            }
            return all
        }
        if version.group.isEmpty {
            resources.append([
                "name": "services", "singularName": "service", "namespaced": true, "kind": "Service",
                "verbs": ["get", "list"],
            ])
        }
        return [
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": .string(version.name),
            "resources": .array(resources),
        ]
    }

    private var groupNames: [String] {
        var names: [String] = []
        for version in kinds.versions where !version.group.isEmpty && !names.contains(version.group) {
            names.append(version.group)
        }
        return names
    }

    private var coreVersions: Value {
        [
            "kind": "APIVersions", "versions": .array(versions(of: "").map { .string($0.version) }),
            "serverAddressByClientCIDRs": [],
        ]
    }

    private var groupList: Value {
        [
            "kind": "APIGroupList", "apiVersion": "v1",
            "groups": .array(groupNames.map(entry(ofGroup:)) + Self.reviewVersions.map(Self.reviewGroup)),
        ]
    }

    private func versions(of group: String) -> [GroupVersion] {
        kinds.versions.filter { $0.group == group }
    }

    private func entry(ofGroup name: String) -> Value {
        let versions = versions(of: name).map { version -> Value in
            ["groupVersion": .string(version.name), "version": .string(version.version)]
        }
        return ["name": .string(name), "versions": .array(versions), "preferredVersion": versions.first ?? nil]
    }

    private func resource(_ name: String, _ kind: Kind, verbs: [String]) -> Value {
        [
            "name": .string(name), "singularName": "", "namespaced": .bool(kind.isNamespaced),
            "kind": .string(kind.name), "verbs": .array(verbs.map { .string($0) }),
        ]
    }

    // MARK: Aggregated form

    private func aggregated(group: String) -> Value {
        [
            "metadata": group.isEmpty ? [:] : ["name": .string(group)],
            "versions": .array(
                versions(of: group).map { version in
                    var resources = kinds.kinds(in: version).map { aggregated($0.kind) }
                    if group.isEmpty {
                        resources.append(Self.services)
                    }
                    return [
                        "version": .string(version.version), "freshness": "Current", "resources": .array(resources),
                    ]
                }),
        ]
    }

    private func aggregated(_ kind: Kind) -> Value {
        let reference = Self.reference(kind.group, kind.version, kind.name)
        var resource: Value = [
            "resource": .string(kind.plural), "responseKind": reference,
            "scope": kind.isNamespaced ? "Namespaced" : "Cluster", "singularResource": .string(kind.singular),
            "verbs": .array(Self.verbs(of: kind).map { .string($0) }),
        ]
        resource["shortNames"] = Self.list(kind.shortNames)
        resource["categories"] = Self.list(kind.categories)
        var parts: [(name: String, kind: Value)] = []
        if kind.hasStatus {
            parts.append(("status", reference))
        }
        if Scale.isOffered(by: kind) {
            parts.append(("scale", Self.reference(Scale.group, Scale.version, Scale.kind)))
        }
        if !parts.isEmpty {
            resource["subresources"] = .array(
                parts.map { part in
                    [
                        "subresource": .string(part.name), "responseKind": part.kind,
                        "verbs": .array(Self.statusVerbs.map { .string($0) }),
                    ]
                })
        }
        return resource
    }

    /// Services, of which there are never any: without them `kubectl cluster-info` fails.
    private static let services: Value = [
        "resource": "services", "responseKind": reference("", "v1", "Service"), "scope": "Namespaced",
        "singularResource": "service", "verbs": ["get", "list"],
    ]

    private static func reference(_ group: String, _ version: String, _ kind: String) -> Value {
        ["group": .string(group), "version": .string(version), "kind": .string(kind)]
    }

    private static func list(_ words: [String]) -> Value? {
        words.isEmpty ? nil : .array(words.map { .string($0) })
    }
}
