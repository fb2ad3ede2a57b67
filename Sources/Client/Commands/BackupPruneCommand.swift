import Archive
import Model

/// `lodestone backup prune`: shows which scheduled backups a retention policy keeps, and removes the others.
struct BackupPruneCommand: Command {
    var cluster = ""
    var isDryRun = false
    var keepLast: Int?
    var hourly: Int?
    var daily: Int?
    var weekly: Int?
    var monthly: Int?
    var yearly: Int?
    var output = OutputFormat.table
    var connection = ConnectionOptions()

    static let name = "backup prune"
    static let summary = "shows which backups retention keeps, and removes the others"
    static let discussion = """
        The controller prunes by itself as the cluster's spec.backup.retention says. This command shows beforehand what
        that would do (--dry-run), also for another policy, or does it now. Backups made on demand are never touched,
        nor are the newest good one and the one with the highest revision. For a cluster that is called "prune", write
        "lodestone backup -- prune".
        """
    static let operands: [Operand<BackupPruneCommand>] = [
        Operand("CLUSTER", \.cluster, completing: .records(EtcdCluster.kind), "The name of the EtcdCluster")
    ]
    static let options: [CommandOption<BackupPruneCommand>] =
        [
            CommandOption("dry-run", \.isDryRun, "Removes nothing"),
            CommandOption("keep-last", \.keepLast, "Keeps so many of the newest, whatever the cluster's policy says"),
            CommandOption("hourly", \.hourly, "Keeps the last one of so many hours, and so on"),
            CommandOption("daily", \.daily, "Keeps the last one of so many days"),
            CommandOption("weekly", \.weekly, "Keeps the last one of so many weeks"),
            CommandOption("monthly", \.monthly, "Keeps the last one of so many months"),
            CommandOption("yearly", \.yearly, "Keeps the last one of so many years"),
            CommandOption("output", short: "o", \.output, "How to show the plan"),
        ] + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample("lodestone backup prune orders --dry-run", "What the cluster's policy would remove now."),
        CommandExample(
            "lodestone backup prune orders --dry-run --keep-last 3 --daily 14 --monthly 6", "The same for another one."),
    ]
    static let exitCodes = [ExitCode.unreachable]

    func complaint() -> String? {
        let counts = [hourly, daily, weekly, monthly, yearly].compactMap { $0 }
        if let keepLast, keepLast < 1 { return "--keep-last must be at least 1: the newest backup is always kept" }
        return counts.contains { $0 < 0 } ? "a number of backups to keep cannot be negative" : nil
    }

    func run(in session: Session) async throws -> ExitCode {
        let connection = try await connection.connect(in: session)
        let query = RecordQuery(EtcdCluster.kind, namespace: connection.namespace, name: cluster)
        let record = try EtcdCluster(document: try await connection.client.get(query))
        let retention = self.retention(of: record)
        let backups = RecordQuery(EtcdBackup.kind, namespace: connection.namespace)
        let candidates = try await connection.client.list(backups).items.map { try EtcdBackup(document: $0) }
            .filter { $0.isPruned(withBackupsOf: record) }
        let plan = RetentionPlan(of: candidates, policy: RetentionPolicy(retention))
        try show(plan, session)
        guard !isDryRun else { return .success }
        for backup in plan.removed {
            let query = RecordQuery(
                EtcdBackup.kind, namespace: connection.namespace, name: backup.metadata.name)
            _ = try await connection.client.change(query) { (backup: inout EtcdBackup) in
                backup.spec.deletionPolicy = .delete
            }
            _ = try await connection.client.delete(query)
            try session.console.note("etcdbackup/\(backup.metadata.name) is being removed with its bytes")
        }
        return .success
    }

    private func retention(of cluster: EtcdCluster) -> BackupRetention {
        var retention = cluster.spec.backup?.retention ?? BackupRetention()
        let isOther = [keepLast, hourly, daily, weekly, monthly, yearly].contains { $0 != nil }
        guard isOther else { return retention }
        // Options make a policy of their own; mixed with the record's nobody could tell what holds.
        retention = BackupRetention()
        retention.keepLast = keepLast ?? 1
        retention.hourly = hourly ?? 0
        retention.daily = daily ?? 0
        retention.weekly = weekly ?? 0
        retention.monthly = monthly ?? 0
        retention.yearly = yearly ?? 0
        return retention
    }

    private func show(_ plan: RetentionPlan<EtcdBackup>, _ session: Session) throws {
        switch output {
        case .name:
            for backup in plan.removed { try session.console.print("etcdbackup/\(backup.metadata.name)") }
        case .json, .yaml: try session.console.write(output.text(of: document(plan)))
        case .table, .wide:
            guard !plan.kept.isEmpty else { return try session.console.print("there are no scheduled backups") }
            var table = TextTable(["NAME", "AGE", "REVISION", "SIZE", "KEPT AS"], rightAligned: [2, 3])
            let rows = plan.kept.map { ($0.backup, $0.reasons.map(\.description).joined(separator: ", ")) }
            for (backup, reasons) in rows + plan.removed.reversed().map({ ($0, "") }) {
                table.add([
                    .init(backup.metadata.name), .init((session.now() - backup.finishTime).ageText),
                    .init(String(backup.heldRevision)), .init(backup.status.size?.rounded ?? ""),
                    reasons.isEmpty ? .init(isDryRun ? "(would go)" : "(goes)", .yellow) : .init(reasons),
                ])
            }
            for line in table.lines(session.console.paint) { try session.console.print(line) }
            try session.console.print("\(plan.kept.count) stay, \(plan.removed.count) \(isDryRun ? "would go" : "go")")
        }
    }

    private func document(_ plan: RetentionPlan<EtcdBackup>) -> Value {
        let kept = plan.kept.map { kept -> Value in
            [
                "name": .string(kept.backup.metadata.name),
                "reasons": .array(kept.reasons.map { .string($0.description) }),
            ]
        }
        return ["kept": .array(kept), "removed": .array(plan.removed.map { .string($0.metadata.name) })]
    }
}

extension EtcdBackup {
    /// Whether retention decides about this backup together with the others of a cluster.
    fileprivate func isPruned(withBackupsOf cluster: EtcdCluster) -> Bool {
        metadata.deletionTimestamp == nil && status.phase == .succeeded && spec.clusterRef.name == cluster.metadata.name
            && status.incarnation == cluster.status.incarnation
            && metadata.labels[Self.scheduledLabel] == "true"
    }
}
