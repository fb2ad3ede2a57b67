import Manifests
import Model

/// `lodestone restore`: makes a new cluster out of a backup.
struct RestoreCommand: Command {
    var cluster = ""
    var backup: String?
    var path: String?
    var sourceCluster: String?
    var incarnation: String?
    var storedBackup: String?
    var latest = false
    var revision: Int?
    var time: Timestamp?
    var revisionBump: Int?
    var version: String?
    var size: Int?
    var authSecret: String?
    var keySecret: String?
    var dryRun = false
    var waits = true
    var timeout = Duration.seconds(3600)
    var connection = ConnectionOptions()

    static let name = "restore"
    static let summary = "makes a new cluster out of a backup"
    static let discussion = """
        Creates an EtcdCluster whose spec.restore names the backup; the controller proves the backup byte by byte before
        any member starts, gives every member a fresh data directory and the cluster a new identity, and lets nobody in
        before each member is proven to hold what the backup holds. The old cluster is never touched. Interrupting the
        command, or its time limit, does not stop the restore: "lodestone get ec" shows it.

        The source is either --from-backup, or --source-cluster with --latest, --at-revision, --at-time or
        --stored-backup. Of a source cluster that is on record the place of its backups, their keys and the etcd version
        are taken from there; after a loss of the controller they have to be named.

        --at-revision and --at-time bring back a state between backups. They need the change log that
        "spec.backup.log" keeps; "lodestone report" shows from when to when a cluster is recoverable.
        """
    static let operands: [Operand<RestoreCommand>] = [
        Operand("NEWCLUSTER", \.cluster, "The name of the EtcdCluster to make")
    ]
    static let options: [CommandOption<RestoreCommand>] =
        [
            CommandOption(
                "from-backup", \.backup, placeholder: "NAME", completing: .records(EtcdBackup.kind),
                "The EtcdBackup to restore"),
            CommandOption(
                "source-cluster", \.sourceCluster, placeholder: "[NAMESPACE/]NAME",
                completing: .records(EtcdCluster.kind),
                "The cluster whose backup to take from the storage, as its record was called"),
            CommandOption(
                "storage-path", \.path, placeholder: "DIRECTORY",
                "Where its backups are; the controller's own backup directory if not given"),
            CommandOption(
                "incarnation", \.incarnation, placeholder: "TOKEN",
                "Which life of that cluster, where the storage holds backups of several"),
            CommandOption(
                "stored-backup", \.storedBackup, placeholder: "NAME", "The backup by its name in the storage"),
            CommandOption(
                "latest", \.latest, "Takes the newest state there is: the newest backup and the change log behind it"),
            CommandOption("at-revision", \.revision, placeholder: "REVISION", "Brings back the state at a revision"),
            CommandOption(
                "at-time", \.time, placeholder: "TIME", "Brings back the state at a moment, as 2026-11-21T14:00:00Z"),
            CommandOption(
                "revision-bump", \.revisionBump, placeholder: "NUMBER",
                "Counts on so many revisions later with all before compacted: for clusters that serve Kubernetes"),
            CommandOption(
                "etcd-version", \.version, placeholder: "VERSION",
                "The etcd version to run; that of the backup's member if not given"),
            CommandOption(
                "auth-secret", \.authSecret, placeholder: "NAME", completing: .records(Secret.kind),
                "A Secret with username and password, where the backup's requests need a user"),
            CommandOption(
                "key-secret", \.keySecret, placeholder: "NAME", completing: .records(Secret.kind),
                "A Secret with the keys of an encrypted backup; the one its record names if not given"),
            CommandOption("size", \.size, placeholder: "NUMBER", "The number of members: 1, 3, 5 or 7; 3 if not given"),
            CommandOption(
                "dry-run", \.dryRun, "Has the controller check the record, prints it as YAML and changes nothing"),
            CommandOption("wait", \.waits, "Waits until the cluster is restored; --wait=false does not"),
            CommandOption("timeout", \.timeout, "How long to wait"),
        ] + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample(
            "lodestone restore orders2 --from-backup orders-20261121-050000", "Makes a cluster of a backup on record."),
        CommandExample(
            "lodestone restore orders2 --source-cluster orders --at-time 2026-11-21T14:00:00Z",
            "Makes one that is what a cluster on record was at that moment."),
        CommandExample(
            "lodestone restore orders2 --source-cluster orders --latest --storage-path /var/backups/etcd "
                + "--etcd-version 3.4.23", "Makes one of the newest backup in a directory that no record knows."),
    ]
    static let exitCodes = [ExitCode.unreachable, .timedOut]

    func complaint() -> String? {
        if revision.map({ $0 < 1 }) ?? false { return "\"--at-revision\" must be at least 1" }
        if revisionBump.map({ $0 < 1 }) ?? false { return "\"--revision-bump\" must be at least 1" }
        if revision != nil, time != nil { return "choose one of \"--at-revision\" and \"--at-time\"" }
        return switch (backup, sourceCluster) {
        case (nil, nil): "name the source: \"--from-backup\", or \"--source-cluster\" with \"--latest\""
        case (.some, .some): "\"--from-backup\" names the backup already; leave \"--source-cluster\" out"
        case (.some, nil):
            path != nil || incarnation != nil || storedBackup != nil || latest
                ? "\"--from-backup\" names the backup already; leave the other sources out" : nil
        case (nil, .some):
            if latest, storedBackup != nil || revision != nil || time != nil {
                "\"--latest\" names the state already; leave the other ways to name it out"
            } else if !latest, storedBackup == nil, revision == nil, time == nil {
                "choose one of \"--latest\", \"--at-revision\", \"--at-time\" and \"--stored-backup\""
            } else {
                nil
            }
        }
    }

    func run(in session: Session) async throws -> ExitCode {
        let connection = try await connection.connect(in: session)
        let document = try await record(connection).document.withoutStatus
        if dryRun {
            _ = try await connection.client.create(
                document, RecordQuery(EtcdCluster.kind, namespace: connection.namespace), dryRun: true)
            try session.console.write(OutputFormat.yaml.text(of: document))
            return .success
        }
        let record = try await connection.client.create(
            document, RecordQuery(EtcdCluster.kind, namespace: connection.namespace))
        guard waits else {
            try session.console.print("etcdcluster/\(cluster) created")
            return .success
        }
        let finished = try await settled(try await follow(record, connection, session), connection)
        guard finished.status.restore?.phase == .succeeded else {
            let reason = finished.status.conditions[.restored]?.message ?? finished.status.restore?.message ?? ""
            throw CommandFailure("etcdcluster/\(cluster) is not restored: \(reason)")
        }
        for line in RestoreFigures(finished).lines(session.console.paint) { try session.console.print(line) }
        return .success
    }

    private func record(_ connection: Connection) async throws -> EtcdCluster {
        var record = EtcdCluster()
        record.metadata = ObjectMeta(name: cluster)
        record.metadata.namespace = connection.namespace
        record.spec.version = version
        record.spec.size = size
        var restore = ClusterRestore()
        if let backup {
            restore.backupRef = LocalReference(name: backup)
            let query = RecordQuery(EtcdBackup.kind, namespace: connection.namespace, name: backup)
            guard let found = try await connection.client.find(query) else {
                throw CommandFailure(
                    "there is no backup \"\(backup)\" in namespace \(connection.namespace); see \"lodestone get eb\"")
            }
            if version == nil { record.spec.version = found[path: "status", "etcdVersion"]?.string }
        } else if let sourceCluster {
            let parts = sourceCluster.split(separator: "/").map(String.init)
            var owner = BackedUpCluster()
            owner.name = parts.last ?? ""
            owner.namespace = parts.count == 2 ? parts[0] : nil
            owner.incarnation = incarnation
            restore.cluster = owner
            restore.storage = BackupStorageSpec()
            restore.storage?.path = path
            restore.backup = storedBackup
            restore.latest = latest
            if path == nil { try await take(from: owner, connection, &restore, &record) }
            guard record.spec.version != nil else {
                throw CommandFailure("\"--etcd-version\" is needed: no record tells which etcd the cluster ran")
            }
        }
        restore.revision = revision.map { Int64($0) }
        restore.time = time
        restore.revisionBump = revisionBump.map { Int64($0) }
        if let keySecret {
            var encryption = BackupEncryption()
            encryption.secretRef = LocalReference(name: keySecret)
            restore.encryption = encryption
        }
        record.spec.restore = restore
        if let authSecret {
            var auth = ClusterAuth()
            auth.secretRef = LocalReference(name: authSecret)
            record.spec.auth = auth
        }
        record.applyDefaults()
        return record
    }

    /// The record once the members have been seen under their own addresses; as it is, if that takes unusually long.
    private func settled(_ record: EtcdCluster, _ connection: Connection) async throws -> EtcdCluster {
        let query = RecordQuery(EtcdCluster.kind, namespace: connection.namespace, name: cluster)
        var latest = record
        for _ in 0..<30 where latest.status.restore?.phase == .succeeded && latest.status.phase == .unknown {
            try await Task.sleep(for: .milliseconds(500))
            guard let answer = try await connection.client.find(query) else { break }
            latest = try EtcdCluster(answer: answer)
        }
        return latest
    }

    /// Fills in what the record of the source cluster tells, if there is one.
    private func take(
        from owner: BackedUpCluster, _ connection: Connection, _ restore: inout ClusterRestore,
        _ record: inout EtcdCluster
    ) async throws {
        let query = RecordQuery(
            EtcdCluster.kind, namespace: owner.namespace ?? connection.namespace, name: owner.name)
        guard let document = try await connection.client.find(query) else { return }
        let source = try EtcdCluster(answer: document)
        record.spec.version = version ?? source.spec.version
        if record.spec.version == nil, !source.status.version.isEmpty { record.spec.version = source.status.version }
        guard incarnation == nil || incarnation == source.status.incarnation else { return }
        restore.cluster?.incarnation = source.status.incarnation
        if let policy = source.spec.backup {
            restore.storage = policy.storage
            restore.encryption = policy.encryption
        }
    }

    private func follow(_ record: Value, _ connection: Connection, _ session: Session) async throws -> EtcdCluster {
        let query = RecordQuery(EtcdCluster.kind, namespace: connection.namespace, name: cluster)
        let (name, console, limit) = (cluster, session.console, timeout)
        let finished = try await FollowedRecord(
            client: connection.client, query: query, limit: limit,
            late: { seen in
                "etcdcluster/\(name) is not restored after \(limit.goText) (\(seen)); it goes on, see \"lodestone get ec "
                    + "\(name)\""
            }, gone: "etcdcluster/\(name) was deleted before it was restored"
        ).follow(from: record) { seen in
            var progress = RestoreProgressLine(console: console)
            return { document in
                let latest = try EtcdCluster(answer: document)
                guard let restore = latest.status.restore else { return false }
                _ = seen.replace(with: restore.message)
                try progress.show(restore)
                // A cluster that asks for a user nobody named to us is restored and does not get Ready.
                let isUnderWay = [.pending, .creating, .restoring].contains(latest.status.phase)
                guard restore.phase == .failed || restore.phase == .succeeded && !isUnderWay else { return false }
                try progress.finish()
                return true
            }
        }
        return try EtcdCluster(answer: finished)
    }
}

extension Value {
    /// The document as a person writes it: without what the controller says of it.
    fileprivate var withoutStatus: Value {
        var document = self
        document["status"] = nil
        return document
    }
}

/// The figures of a restored cluster, for people.
struct RestoreFigures {
    private let rows: [(String, String)]

    init(_ cluster: EtcdCluster) {
        let restore = cluster.status.restore ?? ClusterRestoreStatus()
        let took = restore.startTime.flatMap { start in restore.completionTime.map { $0 - start } }
        let all: [(String, String?)] = [
            ("Cluster", cluster.displayName), ("Cluster ID", cluster.status.clusterID), ("Backup", restore.backup),
            ("Replayed", restore.backupRevision.map { "from revision \($0)" }),
            ("Revision", restore.revision.map { String($0) }), ("Keys", restore.keys.map { String($0) }),
            ("Leases", restore.leases.map { String($0) }), ("HashKV", restore.hashKV.map { String($0) }),
            ("Size", restore.size?.rounded),
            ("Took", took.map { $0 < .seconds(1) ? "less than 1s" : $0.goText }),
            ("Endpoints", cluster.status.members.map(\.endpoint).joined(separator: ",")),
        ]
        rows = all.compactMap { name, value in value.flatMap { $0.isEmpty ? nil : (name, $0) } }
    }

    func lines(_ paint: Paint) -> [String] {
        rows.map { name, value in
            paint(.dim, name + String(repeating: " ", count: max(0, 12 - name.count))) + value
        }
    }
}
