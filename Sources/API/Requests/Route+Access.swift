import Model
import Store
import Transport

/// Which rights a request needs.
extension Route {
    /// Who may use a route.
    enum Audience {
        /// Everybody, also who has not said who he is.
        case everybody
        /// Everybody who has shown who he is.
        case users
        /// Who has the right to do this.
        case holders(of: AccessAttributes)
    }

    /// The paths open to everybody, as `kubectl auth can-i --list` shows them.
    static let pathsForEverybody = ["/healthz", "/livez", "/readyz", "/version"]
    /// The paths open to all users.
    static let pathsForUsers = ["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*"]

    /// Who may make a request of this route.
    func audience(of request: HTTPServerRequest) -> Audience {
        switch self {
        case .liveness, .readiness, .version: .everybody
        case .coreVersions, .groups, .group, .kinds, .oldSchemas, .schemaIndex, .schemas, .review: .users
        case .metrics: .holders(of: AccessAttributes(Self.verb(of: request.method), path: "/metrics"))
        case .findings: .holders(of: AccessAttributes(Self.verb(of: request.method), path: "/findings"))
        case .services(let namespace):
            .holders(
                of: AccessAttributes(
                    Self.verb(of: request, hasName: false), group: "", plural: "services", namespace: namespace ?? ""))
        case .records(let target): .holders(of: Self.wish(of: request, target))
        }
    }

    /// What a request for records wants, in the terms in which rights are given.
    private static func wish(of request: HTTPServerRequest, _ target: RecordTarget) -> AccessAttributes {
        let kind = target.kind.kind
        let verb = verb(of: request, hasName: target.name != nil)
        return AccessAttributes(
            verb, group: kind.group, plural: kind.plural, subresource: target.subresource?.rawValue ?? "",
            namespace: target.namespace ?? "", name: target.name ?? nameSelected(by: request, verb))
    }

    /// The verb of a request for records: what is going to be done, not what a parameter claims.
    private static func verb(of request: HTTPServerRequest, hasName: Bool) -> String {
        switch (request.method, hasName) {
        case ("GET", true), ("HEAD", true): "get"
        case ("GET", false), ("HEAD", false): request.isOn("watch") ? "watch" : "list"
        case ("POST", _): "create"
        case ("PUT", _): "update"
        case ("PATCH", _): "patch"
        case ("DELETE", true): "delete"
        case ("DELETE", false): "deletecollection"
        default: request.method.lowercased()
        }
    }

    private static func verb(of method: String) -> String {
        method == "HEAD" ? "get" : method.lowercased()
    }

    /// The one name a list or watch asks for by its field selector: who may see one record may also follow it.
    private static func nameSelected(by request: HTTPServerRequest, _ verb: String) -> String {
        guard ["list", "watch", "deletecollection"].contains(verb),
            let selector = try? FieldSelector(request.query("fieldSelector") ?? "")
        else { return "" }
        return selector.requirements.first { $0.field == "metadata.name" && !$0.isNegated }?.value ?? ""
    }
}
