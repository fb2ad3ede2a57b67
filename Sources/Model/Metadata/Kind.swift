/// A kind of record: its API group and version and the names it goes by.
public struct Kind: Sendable, Hashable, CustomStringConvertible {
    /// The API group; empty for the core kinds.
    public let group: String
    /// The API version.
    public let version: String
    /// The name in documents, such as `EtcdCluster`.
    public let name: String
    /// The name in paths, such as `etcdclusters`.
    public let plural: String
    /// Short names on the command line, such as `ec`.
    public let shortNames: [String]
    /// The groups of kinds it belongs to, such as `all`.
    public let categories: [String]
    /// Whether its records live in a namespace.
    public let isNamespaced: Bool
    /// Whether its records have a status that is written apart.
    public let hasStatus: Bool
    /// Whether its records hold secrets, so that they are encrypted where they are stored.
    public let isConfidential: Bool

    /// Creates a kind of Lodestone's own group.
    public init(_ name: String, plural: String, shortNames: [String]) {
        self.init(
            group: Kind.lodestoneGroup, version: "v1alpha1", name: name, plural: plural, shortNames: shortNames,
            categories: ["all", "etcd"], isNamespaced: true, hasStatus: true)
    }

    /// Creates a kind.
    public init(
        group: String, version: String, name: String, plural: String, shortNames: [String], categories: [String] = [],
        isNamespaced: Bool, hasStatus: Bool, isConfidential: Bool = false
    ) {
        self.group = group
        self.version = version
        self.name = name
        self.plural = plural
        self.shortNames = shortNames
        self.categories = categories
        self.isNamespaced = isNamespaced
        self.hasStatus = hasStatus
        self.isConfidential = isConfidential
    }

    /// Lodestone's API group.
    public static let lodestoneGroup = "lodestone.dev"

    /// The group and version as documents name them: `lodestone.dev/v1alpha1`, `v1`.
    public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// The singular as kubectl and our own commands take it: `etcdcluster`.
    public var singular: String { name.lowercased() }

    /// The plural with the group, as Kubernetes names it in messages: `etcdclusters.lodestone.dev`.
    public var qualifiedPlural: String { group.isEmpty ? plural : "\(plural).\(group)" }

    /// The kind's name.
    public var description: String { name }
}
