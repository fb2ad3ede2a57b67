import Manifests
import Model

/// `lodestone backup drill`: has the newest good backup of a cluster restored on trial.
struct BackupDrillCommand: Command {
    var cluster = ""
    var waits = true
    var isDryRun = false
    var timeout = Duration.seconds(3600)
    var output = OutputFormat.table
    var connection = ConnectionOptions()

    static let name = "backup drill"
    static let summary = "has the newest good backup of a cluster restored on trial, and measures the recovery"
    static let discussion = """
        The controller restores the backup into a new cluster of one member on its own machine, proves every figure of
        it (revision, keys, leases, HashKV), measures the time and removes everything again. The cluster itself is
        neither asked nor touched. Interrupting the command, or its time limit, does not stop the drill: "lodestone
        describe ec" shows it. Ends with 1 if the backup did not come back or the drill could not be made.
        """
    static let operands: [Operand<BackupDrillCommand>] = [
        Operand("CLUSTER", \.cluster, completing: .records(EtcdCluster.kind), "The name of the EtcdCluster")
    ]
    static let options: [CommandOption<BackupDrillCommand>] =
        [
            CommandOption("wait", \.waits, "Waits until the drill is over and cleaned up; --wait=false does not"),
            CommandOption("timeout", \.timeout, "How long to wait"),
            CommandOption("dry-run", \.isDryRun, "Has the controller check it, and makes no drill"),
            CommandOption("output", short: "o", \.output, "How to show the result"),
        ] + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample("lodestone backup drill orders", "Shows that the newest backup comes back, and how fast.")
    ]
    static let exitCodes = [ExitCode.unreachable, .timedOut]

    func run(in session: Session) async throws -> ExitCode {
        let connection = try await connection.connect(in: session)
        let query = RecordQuery(EtcdCluster.kind, namespace: connection.namespace, name: cluster)
        let request = session.now().text(fractionDigits: 9)
        let record = try await ask(request, query, connection)
        guard waits, !isDryRun else {
            let words = isDryRun ? "the drill would be asked for (dry run)" : "the drill is asked for"
            try session.console.print(output == .name ? record.reference : "etcdcluster/\(cluster): \(words)")
            return .success
        }
        let result = try await follow(record, request, query, connection, session)
        switch output {
        case .name: try session.console.print(record.reference)
        case .json, .yaml: try session.console.write(output.text(of: result.encoded))
        case .table, .wide:
            for line in DrillFigures(result, of: cluster).lines(session.console.paint) {
                try session.console.print(line)
            }
        }
        switch result.verdict {
        case .passed: return .success
        case .failed: throw CommandFailure("the drill of etcdcluster/\(cluster) failed: \(result.message)")
        case .unknown: throw CommandFailure("no drill of etcdcluster/\(cluster) could be made: \(result.message)")
        }
    }

    /// Asks for the drill, where there is something to restore.
    private func ask(_ request: String, _ query: RecordQuery, _ connection: Connection) async throws -> Value {
        guard try await connection.client.find(query) != nil else {
            throw CommandFailure(
                "there is no cluster \"\(cluster)\" in namespace \(connection.namespace); see \"lodestone get ec\"")
        }
        let backups: [EtcdBackup] = try await connection.client.records(
            RecordQuery(EtcdBackup.kind, namespace: connection.namespace))
        return try await connection.client.change(query, dryRun: isDryRun) { (record: inout EtcdCluster) in
            let isGood = { (backup: EtcdBackup) in
                backup.spec.clusterRef.name == record.metadata.name && backup.status.phase == .succeeded
                    && backup.status.incarnation == record.status.incarnation
            }
            guard !record.isDrill, backups.contains(where: isGood) else {
                throw CommandFailure(
                    "etcdcluster/\(cluster) has no good backup to restore; make one with lodestone backup \(cluster)")
            }
            record.metadata.annotations[EtcdCluster.drillKey] = request
        }
    }

    private func follow(
        _ record: Value, _ request: String, _ query: RecordQuery, _ connection: Connection, _ session: Session
    ) async throws -> DrillResult {
        let (name, console, limit) = (cluster, session.console, timeout)
        // Requests are times: a later one that came before the drill began is answered together with this one.
        let answer = { @Sendable (drill: ClusterDrillStatus?) in drill?.history.last { $0.request >= request } }
        let finished = try await FollowedRecord(
            client: connection.client, query: query, limit: limit,
            late: { seen in
                "the drill of etcdcluster/\(name) is not over after \(limit.goText) (\(seen)); it goes on by itself"
            }, gone: "etcdcluster/\(name) was deleted before the drill was over"
        ).follow(from: record) { seen in
            var progress = RestoreProgressLine(console: console)
            return { document in
                guard let drill = try EtcdCluster(answer: document).status.drill else { return false }
                if let running = drill.running {
                    _ = seen.replace(with: running.message)
                    try progress.show(running)
                }
                guard let answer = answer(drill), answer.request != drill.running?.request else { return false }
                try progress.finish()
                return true
            }
        }
        guard let result = answer(try EtcdCluster(answer: finished).status.drill) else {
            throw CommandFailure("the drill of etcdcluster/\(name) left no result")
        }
        return result
    }
}

/// The figures of a drill, for people.
struct DrillFigures {
    private let rows: [(String, String)]

    init(_ result: DrillResult, of cluster: String) {
        let order = ["Fetching", "Restoring", "Starting", "Proving"]
        let phases = order.compactMap { name in result.phases[name].map { "\(name.lowercased()) \($0.goText)" } }
        let all: [(String, String?)] = [
            ("Cluster", cluster), ("Backup", result.backup), ("Verdict", result.verdict.rawValue),
            ("Recovery", result.recoveryTime.map { time in ([time.goText] + phases).joined(separator: ", ") }),
            ("Revision", result.revision.map { String($0) }), ("Keys", result.keys.map { String($0) }),
            ("Leases", result.leases.map { String($0) }), ("HashKV", result.hashKV.map { String($0) }),
            ("Size", result.size?.rounded), ("etcd", result.version), ("Message", result.message),
        ]
        rows = all.compactMap { name, value in value.flatMap { $0.isEmpty ? nil : (name, $0) } }
    }

    func lines(_ paint: Paint) -> [String] {
        rows.map { name, value in
            paint(.dim, name + String(repeating: " ", count: max(0, 10 - name.count))) + value
        }
    }
}
