/// One life of a cluster: a cluster deleted and made again under the same name is another one.
///
/// Its backups lie in a place of their own, so that neither life can overwrite or prune what the other has stored.
public struct ClusterIncarnation: Sendable, Hashable, CustomStringConvertible {
    /// The namespace of the cluster's record.
    public let namespace: String
    /// The name of the cluster's record.
    public let name: String
    /// The token unique to this life.
    public let incarnation: String

    /// Names a life of a cluster.
    public init(namespace: String, name: String, incarnation: String) {
        self.namespace = namespace
        self.name = name
        self.incarnation = incarnation
    }

    /// The cluster and its life, as messages name them.
    public var description: String { "\(namespace)/\(name) (incarnation \(incarnation))" }

    /// Where the backups are.
    func key() throws(ArchiveError) -> ObjectKey {
        try ObjectKey([namespace, name, incarnation])
    }
}

/// The identity of a backup: whose it is, and its name among the cluster's backups.
public struct BackupID: Sendable, Hashable, CustomStringConvertible {
    /// The cluster backed up.
    public let cluster: ClusterIncarnation
    /// The name of the backup.
    public let name: String

    /// The names of the objects a backup consists of.
    static let snapshotName = "snapshot.db"
    static let manifestName = "manifest.json"

    /// Names a backup.
    public init(cluster: ClusterIncarnation, name: String) {
        self.cluster = cluster
        self.name = name
    }

    /// Reads the identity out of the key of one of a backup's objects; nil if the key has another shape.
    init?(objectKey: ObjectKey) {
        let names = objectKey.components
        guard names.count == 5 else { return nil }
        self.init(
            cluster: ClusterIncarnation(namespace: names[0], name: names[1], incarnation: names[2]), name: names[3])
    }

    /// The backup as messages name it.
    public var description: String { "backup \(name) of \(cluster)" }

    /// Where the objects of the backup are.
    func key() throws(ArchiveError) -> ObjectKey {
        try cluster.key().appending(name)
    }

    /// Where an object of the backup is.
    func key(of object: String) throws(ArchiveError) -> ObjectKey {
        try key().appending(object)
    }
}
