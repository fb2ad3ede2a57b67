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

    /// Whether both name the same record, whatever version of the kind they speak of.
    public static func == (left: RecordID, right: RecordID) -> Bool {
        left.name == right.name && left.namespace == right.namespace && left.kind.name == right.kind.name
            && left.kind.group == right.kind.group
    }

    /// Feeds what tells records apart into the hasher; IDs are keys on hot paths, and a kind is large.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(kind.name)
        hasher.combine(namespace)
        hasher.combine(name)
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
