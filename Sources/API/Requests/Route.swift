import Model

/// What a request's path leads to; the layout is that of the Kubernetes API.
enum Route {
    /// Whether the process is alive (`/livez`, `/healthz`).
    case liveness
    /// Whether the controller is ready to work (`/readyz`).
    case readiness
    /// Measurements for Prometheus (`/metrics`).
    case metrics
    /// What is wrong and belongs to no record (`/findings`).
    case findings
    /// Which API the server speaks (`/version`).
    case version
    /// The versions of the core group (`/api`).
    case coreVersions
    /// The groups (`/apis`).
    case groups
    /// One group (`/apis/lodestone.dev`).
    case group(String)
    /// The kinds of a group version (`/api/v1`, `/apis/lodestone.dev/v1alpha1`).
    case kinds(GroupVersion)
    /// The old form of the schemas (`/openapi/v2`).
    case oldSchemas
    /// The list of schema documents (`/openapi/v3`).
    case schemaIndex
    /// The schemas of a group version (`/openapi/v3/apis/lodestone.dev/v1alpha1`).
    case schemas(GroupVersion)
    /// Core services, of which there are none; `kubectl cluster-info` asks for them.
    case services(namespace: String?)
    /// A question of users about themselves.
    case review(SelfReview)
    /// Records.
    case records(RecordTarget)

    /// Finds what a path leads to.
    ///
    /// - Throws: ``APIStatus/unknownPath`` for a path that leads nowhere.
    init(path: [String], kinds: KindIndex) throws(APIStatus) {
        let rest = path.dropFirst()
        switch (path.first, rest.first) {
        case ("livez", nil), ("healthz", nil): self = .liveness
        case ("readyz", nil): self = .readiness
        case ("metrics", nil): self = .metrics
        case ("findings", nil): self = .findings
        case ("version", nil): self = .version
        case ("api", nil): self = .coreVersions
        case ("apis", nil): self = .groups
        case ("openapi", "v2") where rest.count == 1: self = .oldSchemas
        case ("openapi", "v3") where rest.count == 1: self = .schemaIndex
        case ("openapi", "v3"):
            let version = try Self.groupVersion(in: Array(rest.dropFirst()), kinds)
            guard version.rest.isEmpty, kinds.versions.contains(version.found) else { throw .unknownPath }
            self = .schemas(version.found)
        case ("apis", let group?) where rest.count == 1:
            guard (kinds.versions + Discovery.reviewVersions).contains(where: { $0.group == group }) else {
                throw .unknownPath
            }
            self = .group(group)
        case ("api", _), ("apis", _):
            let version = try Self.groupVersion(in: path, kinds)
            guard !version.rest.isEmpty else {
                self = .kinds(version.found)
                return
            }
            if let review = SelfReview.allCases.first(where: { GroupVersion(of: $0.kind) == version.found }) {
                self = try Self.review(review.kind.group, version.rest)
                return
            }
            self = try Self.records(in: version.found, version.rest, kinds)
        default: throw .unknownPath
        }
    }

    /// The group version a path begins with, and what follows it.
    private static func groupVersion(
        in path: [String], _ kinds: KindIndex
    ) throws(APIStatus) -> (found: GroupVersion, rest: ArraySlice<String>) {
        let found: GroupVersion
        let rest: ArraySlice<String>
        if path.first == "api", path.count >= 2 {
            found = GroupVersion(group: "", version: path[1])
            rest = path[2...]
        } else if path.first == "apis", path.count >= 3 {
            found = GroupVersion(group: path[1], version: path[2])
            rest = path[3...]
        } else {
            throw .unknownPath
        }
        guard kinds.versions.contains(found) || Discovery.reviewVersions.contains(found) else { throw .unknownPath }
        return (found, rest)
    }

    private static func review(_ group: String, _ path: ArraySlice<String>) throws(APIStatus) -> Route {
        let review = SelfReview.allCases.first { $0.kind.group == group && $0.kind.plural == path.first }
        guard let review, path.count == 1 else { throw .unknownPath }
        return .review(review)
    }

    private static func records(
        in version: GroupVersion, _ path: ArraySlice<String>, _ kinds: KindIndex
    ) throws(APIStatus) -> Route {
        var rest = path
        var namespace: String?
        // `namespaces/NAME` and `namespaces/NAME/status` are the namespace itself; anything longer is in it.
        let isNamespaceItself =
            version.group.isEmpty && (rest.count < 3 || rest.count == 3 && rest.last == Subresource.status.rawValue)
        if rest.first == "namespaces", rest.count >= 2, !isNamespaceItself {
            namespace = rest.dropFirst().first
            rest = rest.dropFirst(2)
        }
        guard let plural = rest.popFirst() else { throw .unknownPath }
        if version.group.isEmpty, plural == "services", rest.isEmpty { return .services(namespace: namespace) }
        guard let kind = kinds.kind(plural: plural, in: version), namespace == nil || kind.kind.isNamespaced else {
            throw .unknownPath
        }
        let name = rest.popFirst()
        guard name == nil || !kind.kind.isNamespaced || namespace != nil else { throw .unknownPath }
        var subresource: Subresource?
        if let last = rest.popFirst() {
            guard let known = Subresource(rawValue: last), known.isOffered(by: kind.kind), rest.isEmpty else {
                throw .unknownPath
            }
            subresource = known
        }
        return .records(RecordTarget(kind: kind, namespace: namespace, name: name, subresource: subresource))
    }
}
