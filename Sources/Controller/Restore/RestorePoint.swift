import Archive
import Etcd
import Model
import Store

extension ClusterRestore {
    /// The state that is wanted where it is not exactly that of a backup.
    var point: PointInTime? {
        if let revision { return .revision(revision) }
        if let time { return .time(time) }
        return latest ? .latest : nil
    }

    /// Whether the database is not the backup's own.
    var isRewritten: Bool { point != nil || revisionBump != nil }

    /// The newest backup from which the log leads forward to the wanted state; nil if it is not for this to choose.
    ///
    /// A backup of a member that was accused when it was made is the last choice: what is replayed on it is as wrong.
    func base(among backups: [BackupManifest], _ place: String) throws(RestoreFailure) -> BackupManifest? {
        guard revision != nil || time != nil else { return nil }
        let earlier = backups.filter { complaint(of: $0.name, revision: $0.content.revision, time: $0.finished) == nil }
        guard let newest = earlier.first else {
            let oldest = backups.min { $0.content.revision < $1.content.revision }
            let wanted = point.map { "\($0)" } ?? ""
            let known = oldest.map { ", the oldest is of revision \($0.content.revision), done \($0.finished)" } ?? ""
            throw RestoreFailure(
                "NotRecoverable", "\(place) has no backup from before \(wanted)\(known); ask for a later state", .over)
        }
        return earlier.first { $0.doubt.isEmpty } ?? newest
    }

    /// Why a backup cannot lead to the wanted state, if it cannot.
    func complaint(of backup: String, revision own: Int64?, time done: Timestamp?) -> String? {
        if let revision, let own, own > revision {
            return "\(backup) is of revision \(own), later than revision \(revision); name an older backup"
        }
        // When exactly between its beginning and its end the member took it nobody knows.
        if let time, let done, done > time {
            return "\(backup) was done at \(done), later than \(time); name an older backup"
        }
        return nil
    }
}

extension ClusterRestoreStatus {
    /// What was added to the backup, for messages.
    var replayedText: String {
        let bump = revisionBump ?? 0
        let ahead = bump > 0 ? ", \(bump) revisions ahead" : ""
        guard let backupRevision, let revision, revision - bump > backupRevision else { return ahead }
        let count = revision - bump - backupRevision
        return " and \(count) \(count == 1 ? "revision" : "revisions") of its change log\(ahead)"
    }
}

extension RestoreSource {
    /// Refuses at once what the names of the log's segments tell to be out of reach.
    ///
    /// - Throws: `RestoreFailure`, `ArchiveError`.
    func requireLog(_ log: ChangeLog, _ point: PointInTime, behind manifest: BackupManifest) async throws {
        guard case .revision(let wanted) = point, wanted > manifest.content.revision else { return }
        let reach = try await log.reach(behind: manifest.content.revision)
        guard reach < wanted else { return }
        let extent =
            reach == manifest.content.revision ? "there is no change log behind it" : "its change log leads to \(reach)"
        throw RestoreFailure(
            "NotRecoverable",
            "revision \(wanted) is out of reach: \(id.name) is of revision \(manifest.content.revision), and \(extent); make a "
                + "new record that asks for less", .over)
    }
}

extension BackupArchives {
    /// The change log beside a backup.
    func log(of source: RestoreSource, _ keys: BackupKeyring?, with secrets: RecordSecrets) async throws -> ChangeLog {
        ChangeLog(of: source.id.cluster, in: try await storage(source.storage, with: secrets), keys: keys)
    }
}

extension RestoreWork {
    /// Takes the fetched backup forward to the state that is wanted, if that is another one.
    func replay(
        onto path: String, of source: RestoreSource, _ manifest: BackupManifest, _ keys: BackupKeyring?,
        _ report: @escaping @Sendable (Double) -> Void
    ) async throws -> SnapshotFigures? {
        guard let wish = cluster.spec.restore, wish.isRewritten else { return nil }
        let point = wish.point ?? .revision(manifest.content.revision)
        let log = try await services.archives.log(of: source, keys, with: services.access.secrets(of: cluster))
        // Nothing follows the backup; a segment behind a gap is another matter, which the replay refuses.
        if point == .latest, wish.revisionBump == nil,
            try await log.segments().allSatisfy({ $0.through <= manifest.content.revision })
        {
            return nil
        }
        do {
            return try await log.replay(
                point, onto: path, etcdVersion: manifest.etcdVersion, bumpedBy: wish.revisionBump ?? 0,
                knownThrough: await knownThrough(source), progress: report)
        } catch let error as ArchiveError where error.code == .incomplete {
            throw RestoreFailure("NotRecoverable", "\(error)", .over)
        } catch let error as ArchiveError where error.code == .contradiction {
            throw RestoreFailure("LogDamaged", "\(error); make a new record that asks for an earlier state", .over)
        }
    }

    /// How far the log's keeper knows that nothing more happened, while it still keeps the log of that cluster.
    private func knownThrough(_ source: RestoreSource) async -> ChangeLogRecorder.Progress? {
        let owner = source.id.cluster
        let record = try? await services.store.get(EtcdCluster.self, named: owner.name, in: owner.namespace)
        guard let log = record?.status.backup?.log, log.incarnation == owner.incarnation, log.storage == source.storage,
            let revision = log.revision, let time = log.time
        else { return nil }
        return ChangeLogRecorder.Progress(revision: revision, time: time)
    }
}
