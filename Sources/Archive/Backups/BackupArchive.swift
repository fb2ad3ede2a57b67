import Etcd
import Model
import Threads

/// The backups in a storage: listed, read, proven, removed.
///
/// Objects lie under `<namespace>/<cluster>/<incarnation>/<backup>/`. Every call works on a thread of its own, so a slow
/// disk or network mount holds up nobody else.
public struct BackupArchive: Sendable {
    private let storage: any BackupStorage
    private let scratch: String

    /// A manifest larger than this is none.
    private static let manifestLimit = 1 << 20
    /// How long data without a manifest may lie before it is taken for the rest of an interrupted backup or deletion.
    static let orphanAge: Duration = .seconds(3600)

    /// Looks into a storage.
    ///
    /// Backups that are not files of this machine are fetched into the directory `scratch` to be proven.
    public init(storage: any BackupStorage, scratch: String = "/var/tmp") {
        self.storage = storage
        self.scratch = scratch
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

    /// The manifest of a backup whose data is there too, in the size the manifest tells; the bytes are not read.
    ///
    /// - Throws: `ArchiveError` with the code `notFound` if there is no such backup, `contradiction` if its data is
    ///   missing or has another size, `storageUnavailable` if that cannot be told.
    public func confirm(_ id: BackupID) async throws -> BackupManifest {
        let storage = storage
        return try await BlockingTask.run {
            let manifest = try await Self.manifest(of: id, in: storage)
            let objects = try await storage.list(below: try id.key())
            try Self.requireData(
                of: manifest, id, Dictionary(objects.map { ($0.key, $0.byteCount) }) { first, _ in first })
            return manifest
        }
    }

    /// Reads all bytes of a backup and proves that they are what its manifest says, by digest, structure and figures.
    ///
    /// - Throws: `ArchiveError` with the code `contradiction` if anything differs.
    @discardableResult
    public func verify(_ id: BackupID) async throws -> BackupManifest {
        let (storage, scratch) = (storage, scratch)
        return try await BlockingTask.run {
            let manifest = try await Self.manifest(of: id, in: storage)
            try await BackupProof(id: id, manifest: manifest, storage: storage, scratch: scratch).run()
            return manifest
        }
    }

    /// Removes a backup: first its manifest, so that it is no longer listed whatever happens then, then its data.
    ///
    /// - Throws: `ArchiveError` with the code `notFound` if there is nothing of it.
    public func delete(_ id: BackupID) async throws {
        let storage = storage
        try await BlockingTask.run { try await Self.delete(id, in: storage) }
    }

    /// Removes what a policy does not keep of one life of a cluster, and returns the plan that was carried out.
    ///
    /// Nothing but whole backups with a sound manifest is counted or removed. A dry run only returns the plan.
    /// - Throws: `ArchiveError`; backups removed until then stay removed.
    public func prune(
        _ cluster: ClusterIncarnation, keeping policy: RetentionPolicy, isDryRun: Bool = false
    ) async throws -> RetentionPlan<BackupManifest> {
        let plan = RetentionPlan(of: try await backups(of: cluster).backups, policy: policy)
        guard !isDryRun else { return plan }
        for backup in plan.removed { try await delete(backup.id) }
        return plan
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
            for object in objects where !whole.contains(object.key.directory) && object.modified < oldest {
                // The change log has no manifests: the names of its segments say what there is.
                guard object.key.directory.last != ChangeLog.place else { continue }
                try await storage.delete(object.key)
                count += 1
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
        let size = sizes[try id.key(of: manifest.file.name)]
        guard let size else { throw ArchiveError(.contradiction, id.description, "the data is missing") }
        guard size == manifest.file.size else {
            throw ArchiveError(
                .contradiction, id.description, "the data has \(size) bytes, the manifest says \(manifest.file.size)")
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

/// What is found where backups should be.
public struct BackupListing: Sendable, Equatable {
    /// The whole backups with a sound manifest, newest first.
    public var backups: [BackupManifest] = []
    /// What cannot be counted as a backup, and why.
    public var unreadable: [ArchiveError] = []

    /// Makes an empty listing.
    public init() {}
}
