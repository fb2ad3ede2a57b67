/// The kind of objects and the namespace that a key belongs to.
public struct KubernetesPlace: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// What stands between the registry's prefix and namespace and name, such as `pods` or `apps/deployments`.
    public let resource: String
    /// The namespace; empty for objects without one.
    public let namespace: String

    /// Restates a place.
    public init(resource: String, namespace: String) {
        self.resource = resource
        self.namespace = namespace
    }

    /// Finds the place of a key; `rest` is the key without the registry's prefix, `object` what is stored there, if
    /// that can be read.
    ///
    /// A key ends with namespace and name, or with the name alone. What comes before has one or more parts (`pods`,
    /// `services/specs`, `example.org/widgets`), so only the object tells them apart; without it the first part is
    /// taken, or the first two if the first is a group.
    init(_ rest: Substring, _ object: KubernetesObject?) {
        let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
        if let object {
            var front = parts[...]
            if front.last == object.name[...] { front.removeLast() }
            if !object.namespace.isEmpty, front.last == object.namespace[...] { front.removeLast() }
            self.init(resource: front.joined(separator: "/"), namespace: object.namespace)
            return
        }
        let front = parts.prefix(parts.first?.contains(".") == true ? 2 : 1)
        let left = parts.dropFirst(front.count)
        self.init(
            resource: front.joined(separator: "/"), namespace: left.count > 1 ? String(left[left.startIndex]) : "")
    }

    /// Resource and namespace.
    public var description: String { namespace.isEmpty ? resource : "\(resource) in \(namespace)" }

    /// The order of resources, and of namespaces in each.
    public static func < (left: KubernetesPlace, right: KubernetesPlace) -> Bool {
        (left.resource, left.namespace) < (right.resource, right.namespace)
    }
}
