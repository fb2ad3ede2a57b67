import Model

/// The document that says whose a place for backups is: one cluster, in one life.
///
/// It lies beside the backups of the incarnation and is written before the first of them. Names can be given twice and
/// tokens be copied; etcd's own identity of the cluster cannot be changed. Whoever finds another one in the claim
/// neither writes there nor removes anything.
struct BackupClaim: Structure {
    var formatVersion = 1
    var cluster = BackupManifest.Cluster()
    var claimed = Timestamp(secondsSinceEpoch: 0)
    var writer = ""

    init() {}

    static let objectName = "owner.json"
    private static let limit = 1 << 16

    static let fields: [Field<BackupClaim>] = [
        Field("formatVersion", \.formatVersion, "The format of this document.", required: true, .range(1...1)),
        Field("cluster", \.cluster, "The cluster whose backups lie here.", required: true),
        Field("claimed", \.claimed, "When the first backup was stored here.", required: true),
        Field("writer", \.writer, "The program that wrote it, with its version."),
    ]

    /// Refuses if the place of an incarnation belongs to another cluster; returns whether it belongs to anybody.
    ///
    /// - Throws: `ArchiveError` with the code `fenced`.
    @discardableResult
    static func require(
        _ clusterID: String, of cluster: ClusterIncarnation, in storage: any BackupStorage
    ) async throws -> Bool {
        let bytes: [UInt8]
        do {
            bytes = try await storage.read(try key(of: cluster)).collect(upTo: limit, of: cluster.description)
        } catch let error as ArchiveError where error.code == .notFound {
            return false
        }
        let subject = "the place of backups of \(cluster) in \(storage.location)"
        var decoding = Decoding()
        guard let document = try? Value(json: bytes), let claim = BackupClaim.decode(document, &decoding) else {
            throw ArchiveError(.fenced, subject, "its \(objectName) cannot be read, so it may be another cluster's")
        }
        guard claim.cluster.id == clusterID else {
            throw ArchiveError(
                .fenced, subject,
                "it belongs to the cluster with etcd's ID \(claim.cluster.id), this one has \(clusterID)")
        }
        return true
    }

    /// Takes the place of an incarnation for a cluster, unless it is taken.
    ///
    /// - Throws: `ArchiveError` with the code `fenced` if another cluster has it.
    static func take(
        _ clusterID: String, of cluster: ClusterIncarnation, in storage: any BackupStorage, writer: String
    ) async throws {
        guard try await !require(clusterID, of: cluster, in: storage) else { return }
        var claim = BackupClaim()
        claim.cluster.namespace = cluster.namespace
        claim.cluster.name = cluster.name
        claim.cluster.incarnation = cluster.incarnation
        claim.cluster.id = clusterID
        claim.claimed = Timestamp.now.wholeSeconds
        claim.writer = writer
        do {
            let file = try await storage.stage(try key(of: cluster))
            defer { file.discard() }
            try file.append(Array("\(claim.encoded.prettyJSON)\n".utf8))
            _ = try await storage.publish(file, as: try key(of: cluster))
        } catch let error as ArchiveError where error.code == .exists {
            // Somebody was faster; whoever it was, its claim holds.
            try await require(clusterID, of: cluster, in: storage)
        }
    }

    /// Gives a place up in which nothing else is left.
    static func release(_ cluster: ClusterIncarnation, in storage: any BackupStorage) async throws {
        let claim = try key(of: cluster)
        guard try await storage.list(below: try cluster.key()).map(\.key) == [claim] else { return }
        do {
            try await storage.delete(claim)
        } catch let error as ArchiveError where error.code == .notFound {
            // Another deletion has given it up.
        }
    }

    private static func key(of cluster: ClusterIncarnation) throws(ArchiveError) -> ObjectKey {
        try cluster.key().appending(objectName)
    }
}
