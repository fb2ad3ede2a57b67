import Archive
import Model
import Store

/// The one backup that a cluster is to begin with.
struct RestoreSource {
    /// The storage it lies in, with every default filled in.
    var storage: BackupStorageSpec
    /// Its identity there.
    var id: BackupID
    /// Where the keys of its bytes are, if they are encrypted.
    var encryption: BackupEncryption?

    /// Finds the backup that a record names.
    ///
    /// - Throws: `RestoreFailure`, `ArchiveError`, `StoreError`.
    static func find(for cluster: EtcdCluster, services: ControllerServices) async throws -> RestoreSource {
        guard let wish = cluster.spec.restore else {
            throw RestoreFailure("NothingToRestore", "the record names no backup", .over)
        }
        if let reference = wish.backupRef { return try await find(reference, of: cluster, services) }
        guard let storage = wish.storage.map({ services.archives.resolved($0) }), let owner = wish.cluster else {
            throw RestoreFailure("NothingToRestore", "the record names no backup", .over)
        }
        let archive = try await services.archives.archive(storage, with: services.access.secrets(of: cluster))
        let namespace = owner.namespace ?? cluster.metadata.namespace
        let listing =
            if let incarnation = owner.incarnation {
                try await archive.backups(
                    of: ClusterIncarnation(namespace: namespace, name: owner.name, incarnation: incarnation))
            } else {
                try await archive.backups(namespace: namespace, cluster: owner.name)
            }
        let place = "\(archive.location), cluster \(namespace)/\(owner.name)"
        return RestoreSource(
            storage: storage, id: try choose(from: listing, wish, place).id, encryption: wish.encryption)
    }

    /// The backup that is wanted among those of a cluster; newest first in the listing.
    static func choose(
        from listing: BackupListing, _ wish: ClusterRestore, _ place: String
    ) throws(RestoreFailure) -> BackupManifest {
        let named = wish.backup.map { name in listing.backups.filter { $0.name == name } } ?? listing.backups
        guard let newest = named.first else {
            let unreadable = listing.unreadable.first.map { "; what lies there cannot be used: \($0)" } ?? ""
            let what = wish.backup.map { "no backup \"\($0)\"" } ?? "no backup"
            throw RestoreFailure("BackupMissing", "there is \(what) in \(place)\(unreadable)", .over)
        }
        // Which life of a cluster is meant is nothing to guess.
        let incarnations = Set(named.map(\.cluster.incarnation)).sorted()
        guard incarnations.count == 1 else {
            throw RestoreFailure(
                "IncarnationUnclear",
                "\(place) has backups of several incarnations: \(incarnations.joined(separator: ", ")); make a new record "
                    + "that names one in spec.restore.cluster.incarnation", .over)
        }
        return try wish.base(among: named, place) ?? newest
    }

    private static func find(
        _ reference: LocalReference, of cluster: EtcdCluster, _ services: ControllerServices
    ) async throws -> RestoreSource {
        guard
            let backup = try await services.store.find(
                EtcdBackup.self, named: reference.name, in: cluster.metadata.namespace)
        else {
            throw RestoreFailure(
                "BackupMissing",
                "there is no EtcdBackup \"\(reference.name)\" in namespace \"\(cluster.metadata.namespace)\"; it is waited "
                    + "for", .again)
        }
        switch backup.status.phase {
        case .succeeded: break
        case .pending, .running:
            throw RestoreFailure(
                "BackupNotDone", "EtcdBackup \"\(reference.name)\" is not done yet; it is waited for", .again)
        default:
            throw RestoreFailure(
                "BackupUnusable",
                "EtcdBackup \"\(reference.name)\" is \(backup.status.phase.rawValue): \(backup.status.message); make a new "
                    + "record that names another", .over)
        }
        guard let storage = backup.status.storage else {
            throw RestoreFailure("BackupUnusable", "EtcdBackup \"\(reference.name)\" does not say where it is", .over)
        }
        if let complaint = cluster.spec.restore?.complaint(
            of: reference.name, revision: backup.status.revision, time: backup.status.completionTime)
        {
            throw RestoreFailure("NotRecoverable", complaint, .over)
        }
        return RestoreSource(
            storage: storage, id: BackupReconciler.identity(of: backup),
            encryption: cluster.spec.restore?.encryption ?? backup.status.encryption)
    }
}
