import Model

/// How a Kubernetes API server is told that some resources have an etcd of their own.
enum KubernetesOverride {
    /// The group of resources that people move away: API servers keep them at `/registry/RESOURCE/` whatever their group.
    private static let groups: [String: String] = [
        "events": "", "pods": "", "configmaps": "", "secrets": "", "leases": "coordination.k8s.io",
        "deployments": "apps", "replicasets": "apps", "statefulsets": "apps", "daemonsets": "apps", "jobs": "batch",
        "cronjobs": "batch", "endpointslices": "discovery.k8s.io",
    ]

    /// The flag `--etcd-servers-overrides`, by the form `group/resource#servers` with servers parted by semicolons
    /// (kube-apiserver's own help); empty where a selection is no resource that is known, or is renamed.
    static func flag(for selection: [MigrationSelection], at endpoints: [String]) -> String {
        let resources = selection.map { selection -> String? in
            let parts = selection.prefix.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
            guard selection.rewriteTo ?? selection.prefix == selection.prefix, selection.prefix.hasSuffix("/"),
                parts.count == 2, let group = groups[parts[1]]
            else { return nil }
            return "\(group)/\(parts[1])"
        }
        guard !endpoints.isEmpty, !resources.contains(nil) else { return "" }
        let overrides = resources.compactMap { $0 }.map { "\($0)#\(endpoints.joined(separator: ";"))" }
        return "--etcd-servers-overrides=" + overrides.joined(separator: ",")
    }
}
