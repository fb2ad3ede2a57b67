import Etcd
public import Model
import Threads

/// The backups in a storage: listed, read, proven, removed.
///
/// Objects lie under `<namespace>/<cluster>/<incarnation>/<backup>/`. Every call works on a thread of its own, so a slow
/// disk or network mount holds up nobody else.
public struct BackupArchive: Sendable {
    private let storage: any BackupStorage
    private let scratch: String
    private let keys: BackupKeyring?

    /// A manifest larger than this is none.
    private static let manifestLimit = 1 << 20
    /// How long data without a manifest may lie before it is taken for the rest of an interrupted backup or deletion.
    static let orphanAge: Duration = .seconds(3600)

    /// Looks into a storage.
    ///
    /// Backups that are not plain files of this machine are brought into the directory `scratch` to be proven; those
    /// that are encrypted need `keys` to be verified or fetched, but not to be listed or deleted.
    public init(storage: any BackupStorage, scratch: String = "/var/tmp", keys: BackupKeyring? = nil) {
        self.storage = storage
        self.scratch = scratch
        self.keys = keys
    }

    /// The place as a person knows it.
    public var location: String { storage.location }

    /// The place of one backup as a person knows it.
    ///
    /// - Throws: `ArchiveError` if a name in it cannot be stored.
    public func location(of id: BackupID) throws(ArchiveError) -> String {
        storage.address(of: try id.key())
    }

    /// All backups of one life of a cluster, newest first.
    ///
    /// - Throws: `ArchiveError` if the storage cannot be listed.
    public func backups(of cluster: ClusterIncarnation) async throws -> BackupListing {
        try await list(below: try cluster.key())
    }

    /// All backups of all lives of a cluster, newest first.
    ///
    /// - Throws: `ArchiveError` if the storage cannot be listed.
    public func backups(namespace: String, cluster: String) async throws -> BackupListing {
        try await list(below: try ObjectKey([namespace, cluster]))
    }

    /// The manifest of a backup.
    ///
    /// - Throws: `ArchiveError` with the code `notFound` if there is no such backup.
    public func manifest(of id: BackupID) async throws -> BackupManifest {
        let storage = storage
        return try await BlockingTask.run { try await Self.manifest(of: id, in: storage) }
    }

    /// The manifest of a backup whose data is there too, in the size the manifest tells, and whose key is at hand; the
    /// bytes are not read.
    ///
    /// - Throws: `ArchiveError` with the code `notFound` if there is no such backup, `contradiction` if its data is
    ///   missing or has another size, `keyMissing` if nobody could read it, `storageUnavailable` if that cannot be told.
    public func confirm(_ id: BackupID) async throws -> BackupManifest {
        let (storage, keys) = (storage, keys)
        return try await BlockingTask.run {
            let manifest = try await Self.manifest(of: id, in: storage)
            let objects = try await storage.list(below: try id.key())
            try Self.requireData(
                of: manifest, id, Dictionary(objects.map { ($0.key, $0.byteCount) }) { first, _ in first })
            if let needed = manifest.stored.encryption?.keyID {
                _ = try BackupKeyring.key(needed, in: keys, of: id.description)
            }
            return manifest
        }
    }

    /// Reads all stored bytes of a backup and proves that they are what its manifest says: by their digest, and of the
    /// file that is in them by digest, structure and figures.
    ///
    /// - Throws: `ArchiveError` with the code `contradiction` if anything differs, `keyMissing` if it cannot be told.
    @discardableResult
    public func verify(_ id: BackupID) async throws -> BackupManifest {
        try await withProof(of: id) { try await $0.run() }
    }

    /// Brings the database file of a backup to a path of this machine, whatever form it is stored in, and proves it.
    ///
    /// The file appears whole and proven or not at all, readable by this user only; the directory has to be there. It
    /// ends in the server's SHA-256, as `etcdctl snapshot restore` wants it. It is not flushed to the disk.
    ///
    /// `progress` is told how many bytes of the file are there, and how many there will be.
    ///
    /// - Throws: `ArchiveError` as `verify` does; with the code `exists` if something has that path.
    @discardableResult
    public func fetch(
        _ id: BackupID, to path: String, progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> BackupManifest {
        try await withProof(of: id) { try await $0.fetch(to: path, progress: progress) }
    }

    private func withProof(
        of id: BackupID, _ body: @escaping @Sendable (BackupProof) async throws -> Void
    ) async throws -> BackupManifest {
        let (storage, scratch, keys) = (storage, scratch, keys)
        return try await BlockingTask.run {
            let manifest = try await Self.manifest(of: id, in: storage)
            try await body(BackupProof(id: id, manifest: manifest, storage: storage, scratch: scratch, keys: keys))
            return manifest
        }
    }

    /// Until when the storage itself keeps a backup, whoever asks for its deletion; nil if it does not.
    ///
    /// - Throws: `ArchiveError` with the code `notFound` if there is no such backup.
    public func keptUntil(_ id: BackupID) async throws -> Timestamp? {
        let storage = storage
        return try await BlockingTask.run { try await storage.keptUntil(try id.key(of: BackupID.manifestName)) }
    }

    /// Removes a backup: first its manifest, so that it is no longer listed whatever happens then, then its data.
    ///
    /// `clusterID` is etcd's identity of the cluster whose backup it is meant to be, in hexadecimal.
    ///
    /// - Throws: `ArchiveError` with the code `notFound` if there is nothing of it, `fenced` if the place belongs to
    ///   another cluster.
    public func delete(_ id: BackupID, of clusterID: String? = nil) async throws {
        let storage = storage
        try await BlockingTask.run {
            if let clusterID { try await BackupClaim.require(clusterID, of: id.cluster, in: storage) }
            try await Self.delete(id, in: storage)
            try await BackupClaim.release(id.cluster, in: storage)
        }
    }

    /// Removes what a policy does not keep of one life of a cluster, and returns the plan that was carried out.
    ///
    /// `clusterID` is etcd's identity of the cluster whose policy it is, in hexadecimal. Nothing but whole backups with
    /// a sound manifest is counted or removed. A dry run only returns the plan.
    ///
    /// - Throws: `ArchiveError`, with the code `fenced` if the place belongs to another cluster; backups removed until
    ///   then stay removed.
    public func prune(
        _ cluster: ClusterIncarnation, of clusterID: String, keeping policy: RetentionPolicy, isDryRun: Bool = false
    ) async throws -> RetentionPlan<BackupManifest> {
        try await requireOwnership(of: cluster, by: clusterID)
        let plan = RetentionPlan(of: try await backups(of: cluster).backups, policy: policy)
        guard !isDryRun else { return plan }
        for backup in plan.removed { try await delete(backup.id, of: clusterID) }
        return plan
    }

    /// Refuses if the place of one life of a cluster belongs to a cluster with another identity.
    ///
    /// To be asked before anything is written or removed there; a place that belongs to nobody yet is no obstacle.
    ///
    /// - Throws: `ArchiveError` with the code `fenced`.
    public func requireOwnership(of cluster: ClusterIncarnation, by clusterID: String) async throws {
        let storage = storage
        try await BlockingTask.run { _ = try await BackupClaim.require(clusterID, of: cluster, in: storage) }
    }

    /// Removes what interrupted backups and deletions of one life of a cluster have left; none of it was listed.
    ///
    /// - Throws: `ArchiveError`.
    public func removeLeftovers(of cluster: ClusterIncarnation) async throws -> Int {
        let storage = storage
        return try await BlockingTask.run {
            let prefix = try cluster.key()
            var count = try await storage.removeLeftovers(below: prefix)
            let objects = try await storage.list(below: prefix)
            let whole = Set(objects.filter { $0.key.components.last == BackupID.manifestName }.map { $0.key.directory })
            let oldest = Timestamp.now - Self.orphanAge
            for object in objects
            where BackupID(objectKey: object.key) != nil && !whole.contains(object.key.directory)
                && object.modified < oldest
            {
                // The change log has no manifests: the names of its segments say what there is.
                guard object.key.directory.last != ChangeLog.place else { continue }
                do {
                    try await storage.delete(object.key)
                    count += 1
                } catch let error as ArchiveError where error.code == .locked {
                    // The storage lets it go at its own time.
                    continue
                }
            }
            return count
        }
    }

    private func list(below prefix: ObjectKey) async throws -> BackupListing {
        let storage = storage
        return try await BlockingTask.run {
            let objects = try await storage.list(below: prefix)
            let sizes = Dictionary(objects.map { ($0.key, $0.byteCount) }) { first, _ in first }
            var listing = BackupListing()
            for object in objects where object.key.components.last == BackupID.manifestName {
                guard let id = BackupID(objectKey: object.key) else { continue }
                do throws(ArchiveError) {
                    let manifest = try await Self.manifest(of: id, in: storage)
                    try Self.requireData(of: manifest, id, sizes)
                    listing.backups.append(manifest)
                } catch {
                    // Gone since the listing began; any other reason is for a person to see.
                    if error.code != .notFound { listing.unreadable.append(error) }
                }
            }
            listing.backups.sort { $1.isOlder(than: $0) }
            return listing
        }
    }

    private static func requireData(
        of manifest: BackupManifest, _ id: BackupID, _ sizes: [ObjectKey: Int]
    ) throws(ArchiveError) {
        let size = sizes[try id.key(of: manifest.stored.name)]
        guard let size else { throw ArchiveError(.contradiction, id.description, "the data is missing") }
        guard size == manifest.stored.size else {
            throw ArchiveError(
                .contradiction, id.description, "the data has \(size) bytes, the manifest says \(manifest.stored.size)")
        }
    }

    private static func manifest(
        of id: BackupID, in storage: any BackupStorage
    ) async throws(ArchiveError) -> BackupManifest {
        let bytes: [UInt8]
        do {
            let stream = try await storage.read(try id.key(of: BackupID.manifestName))
            bytes = try await stream.collect(upTo: manifestLimit, of: id.description)
        } catch let error as ArchiveError {
            guard error.code == .notFound else { throw error }
            throw ArchiveError(.notFound, id.description, "there is no such backup in \(storage.location)")
        } catch {
            throw ArchiveError(.storageUnavailable, id.description, "the manifest cannot be read: \(error)")
        }
        let manifest = try BackupManifest(bytes: bytes, subject: id.description)
        guard manifest.id == id else {
            throw ArchiveError(.invalidManifest, id.description, "the manifest is that of \(manifest.id)")
        }
        return manifest
    }

    private static func delete(_ id: BackupID, in storage: any BackupStorage) async throws {
        let objects = try await storage.list(below: try id.key())
        guard !objects.isEmpty else {
            throw ArchiveError(.notFound, id.description, "there is no such backup in \(storage.location)")
        }
        let manifest = objects.filter { $0.key.components.last == BackupID.manifestName }
        for object in manifest + objects.filter({ $0.key.components.last != BackupID.manifestName }) {
            try await storage.delete(object.key)
        }
    }
}
