import Manifests
import Model

/// `lodestone backup`: makes a backup of a cluster now.
struct BackupCommand: Command {
    var cluster = ""
    var backupName: String?
    var path: String?
    var waits = true
    var isDryRun = false
    var timeout = Duration.seconds(3600)
    var output = OutputFormat.table
    var connection = ConnectionOptions()

    static let name = "backup"
    static let summary = "makes a backup of a cluster now"
    static let discussion = """
        Creates an EtcdBackup record; the controller takes the snapshot from the healthiest member, verifies it and
        stores it where the cluster's backups go. Interrupting the command, or its time limit, does not stop the
        backup: "lodestone get eb" shows it.
        """
    static let operands: [Operand<BackupCommand>] = [
        Operand("CLUSTER", \.cluster, completing: .records(EtcdCluster.kind), "The name of the EtcdCluster")
    ]
    static let options: [CommandOption<BackupCommand>] =
        [
            CommandOption(
                "name", \.backupName, placeholder: "NAME", "The name of the backup; made from the time if not given"),
            CommandOption(
                "path", \.path, placeholder: "DIRECTORY",
                "A directory of the controller's machine to store it in, instead of where the cluster's backups go"),
            CommandOption("wait", \.waits, "Waits until the backup is done; --wait=false does not"),
            CommandOption("timeout", \.timeout, "How long to wait"),
            CommandOption("dry-run", \.isDryRun, "Has the controller check the record, and makes no backup"),
            CommandOption("output", short: "o", \.output, "How to show the finished backup"),
        ] + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample("lodestone backup orders", "Backs a cluster up and shows the figures."),
        CommandExample("lodestone backup orders --wait=false -o name", "Starts a backup and prints its name."),
    ]
    static let exitCodes = [ExitCode.unreachable, .timedOut]

    func run(in session: Session) async throws -> ExitCode {
        let connection = try await connection.connect(in: session)
        let record = try await create(connection, session)
        let name = record[path: "metadata", "name"]?.string ?? ""
        guard waits, !isDryRun else {
            if output == .table || output == .wide {
                try session.console.print("etcdbackup/\(name) created\(isDryRun ? " (dry run)" : "")")
            } else {
                try show(record, session)
            }
            return .success
        }
        try session.console.note("etcdbackup/\(name) created")
        let finished = try await follow(record, named: name, connection, session)
        try show(finished, session)
        return finished[path: "status", "phase"] == "Succeeded" ? .success : .failure
    }

    private func create(_ connection: Connection, _ session: Session) async throws -> Value {
        let clusterQuery = RecordQuery(EtcdCluster.kind, namespace: connection.namespace, name: cluster)
        guard try await connection.client.find(clusterQuery) != nil else {
            let all = RecordQuery(EtcdCluster.kind, namespace: connection.namespace)
            let names = try await connection.client.list(all).items.compactMap { $0[path: "metadata", "name"]?.string }
            let known = names.isEmpty ? "there is none" : "there are \(names.sorted().joined(separator: ", "))"
            throw CommandFailure("there is no cluster \"\(cluster)\" in namespace \(connection.namespace); \(known)")
        }
        var backup = EtcdBackup()
        backup.metadata = ObjectMeta(name: backupName ?? Self.name(for: cluster, at: session.now()))
        backup.metadata.namespace = connection.namespace
        backup.spec.clusterRef = LocalReference(name: cluster)
        if let path {
            var storage = BackupStorageSpec()
            storage.path = path
            backup.spec.storage = storage
        }
        let query = RecordQuery(EtcdBackup.kind, namespace: connection.namespace)
        let name = backup.metadata.name
        for attempt in 2...Self.attempts {
            do {
                return try await connection.client.create(backup.request, query, dryRun: isDryRun)
            } catch let error as APIError where error.isAlreadyExists && backupName == nil {
                // The schedule, or somebody else, made one in this very second.
                backup.metadata.name = "\(name)-\(attempt)"
            }
        }
        return try await connection.client.create(backup.request, query, dryRun: isDryRun)
    }

    /// How many names are tried, when others make backups in the same second.
    private static let attempts = 10

    /// The cluster's name and the time, so that backups sort as they were made: `orders-20261121-050000`.
    static func name(for cluster: String, at now: Timestamp) -> String {
        let digits = now.description.filter(\.isNumber)
        return "\(cluster)-\(digits.prefix(8))-\(digits.dropFirst(8))"
    }

    private func follow(
        _ record: Value, named name: String, _ connection: Connection, _ session: Session
    ) async throws -> Value {
        let query = RecordQuery(EtcdBackup.kind, namespace: connection.namespace, name: name)
        let (console, limit) = (session.console, timeout)
        return try await FollowedRecord(
            client: connection.client, query: query, limit: limit,
            late: { seen in
                "etcdbackup/\(name) is not done after \(limit.goText) (\(seen)); it goes on, see \"lodestone get eb "
                    + "\(name)\""
            }, gone: "etcdbackup/\(name) was deleted before it was done"
        ).follow(from: record) { seen in
            var progress = ProgressLine(console: console)
            return { document in
                let backup = try EtcdBackup(document: document)
                _ = seen.replace(with: backup.status.phase.rawValue)
                try progress.show(backup.status)
                guard [.succeeded, .failed].contains(backup.status.phase) else { return false }
                try progress.finish()
                return true
            }
        }
    }

    private func show(_ record: Value, _ session: Session) throws {
        switch output {
        case .name: try session.console.print(record.reference)
        case .json, .yaml: try session.console.write(output.text(of: record))
        case .table, .wide:
            let backup = try EtcdBackup(document: record)
            guard backup.status.phase == .succeeded else {
                throw CommandFailure("the backup \(backup.metadata.name) failed: \(backup.status.message)")
            }
            for line in BackupFigures(backup).lines(session.console.paint) { try session.console.print(line) }
        }
    }
}

extension EtcdBackup {
    /// The record as a request has it: without what only the controller may say.
    fileprivate var request: Value {
        var document = document
        document["status"] = nil
        return document
    }
}
