public import Model

/// What names one record: its kind, namespace and name.
public struct RecordID: Sendable, Hashable, CustomStringConvertible {
    /// The kind.
    public let kind: Kind
    /// The namespace; empty for kinds without one.
    public let namespace: String
    /// The name, unique within kind and namespace.
    public let name: String

    /// The identity of the record of this kind, namespace and name.
    public init(_ kind: Kind, namespace: String, name: String) {
        self.kind = kind
        self.namespace = kind.isNamespaced ? namespace : ""
        self.name = name
    }

    /// The identity of a typed record.
    public init(of record: some Resource) {
        self.init(type(of: record).kind, namespace: record.metadata.namespace, name: record.metadata.name)
    }

    /// The kind with namespace and name, as in `EtcdCluster default/orders`.
    public var description: String {
        namespace.isEmpty ? "\(kind.name) \(name)" : "\(kind.name) \(namespace)/\(name)"
    }
}

extension Kind {
    /// How the store's tables name the kind; the version is not part of it, so that a record survives a new version.
    var tableName: String { group.isEmpty ? name : "\(group)/\(name)" }
}
