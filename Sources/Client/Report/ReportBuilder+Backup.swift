import Model

extension ReportBuilder {
    /// The backups of a cluster, and what is wrong with them.
    func backupReport(_ cluster: EtcdCluster, _ backups: [EtcdBackup]) -> (report: BackupReport, findings: [Finding]) {
        var report = BackupReport()
        let status = cluster.status.backup
        let policy = cluster.spec.backup
        report.isScheduled = policy.map { !$0.suspend } ?? false
        report.nextTime = report.isScheduled ? status?.nextTime : nil
        report.kept = status?.kept ?? 0
        report.name = status?.lastBackup ?? ""
        report.time = status?.lastSuccessTime
        report.revision = status?.revision
        report.size = status?.size
        // The cluster's status may be a moment behind the backup's own.
        let newest = backups.filter { $0.status.phase == .succeeded }.max { finished($0) < finished($1) }
        if let newest, let time = newest.status.completionTime, report.time.map({ time > $0 }) ?? true {
            report.name = newest.metadata.name
            report.time = time
            report.revision = newest.status.revision
            report.size = newest.status.size
        }
        report.age = report.time.map { .seconds(max(.zero, now - $0).components.seconds) }
        report.running = backups.first { $0.status.phase == .running }?.metadata.name ?? ""
        report.isOverdue = isOverdue(cluster, report)
        report.recoverableFrom = status?.recoverableFrom
        report.recoverableTo = status?.recoverableTo
        report.isLogged = status?.log?.revision != nil
        // What was removed with the oldest backup cannot be brought back, whatever the log once held.
        report.loggedFrom = status?.log?.sinceTime.map { max($0, status?.recoverableFrom ?? $0) }
        return (report, findings(cluster, report, backups))
    }

    private func finished(_ backup: EtcdBackup) -> Timestamp {
        backup.status.completionTime ?? backup.metadata.creationTimestamp ?? Timestamp(secondsSinceEpoch: 0)
    }

    /// Whether a backup should have been made by now, with some grace for one that is being made.
    private func isOverdue(_ cluster: EtcdCluster, _ report: BackupReport) -> Bool {
        guard report.isScheduled, let policy = cluster.spec.backup else { return false }
        let grace = max((policy.interval ?? .seconds(600)) / 2, .seconds(60))
        if let next = report.nextTime { return now > next + grace }
        guard let interval = policy.interval, let start = report.time ?? cluster.metadata.creationTimestamp else {
            return false
        }
        return now > start + interval + grace
    }

    private func lostFinding(_ backups: [EtcdBackup], of cluster: EtcdCluster) -> Finding? {
        let lost = backups.filter { $0.status.phase == .lost && $0.status.incarnation == cluster.status.incarnation }
            .sorted { finished($0) > finished($1) }
        guard let newest = lost.first else { return nil }
        let which =
            lost.count == 1
            ? "the backup \(newest.metadata.name) is no longer in its storage"
            : "\(lost.count) backups are no longer in their storage, the newest is \(newest.metadata.name)"
        return Finding(
            "BackupLost", .critical, "\(which): \(newest.status.conditions[.stored]?.message ?? "")",
            remedy: "bring the storage back, or make a backup with lodestone backup \(cluster.metadata.name) and "
                + "delete the records of those that are gone for good")
    }

    /// That the newest good backup may not hold what the cluster should.
    private func doubtFinding(_ backups: [EtcdBackup], _ report: BackupReport) -> Finding? {
        guard let newest = backups.first(where: { $0.metadata.name == report.name }), newest.isInDoubt else {
            return nil
        }
        let good = backups.filter { $0.status.phase == .succeeded && !$0.isInDoubt }
            .max { finished($0) < finished($1) }
        let better = good.map { "the newest without doubt is \($0.metadata.name)" } ?? "there is none without doubt"
        return Finding(
            "BackupInDoubt", .warning,
            "the newest backup \(newest.metadata.name) was \(newest.status.conditions[.consistent]?.message ?? "")",
            remedy: "\(better); find out which member is right and replace the other, then make one with lodestone "
                + "backup \(newest.spec.clusterRef.name)")
    }

    private func findings(
        _ cluster: EtcdCluster, _ report: BackupReport, _ backups: [EtcdBackup]
    ) -> [Finding] {
        var findings: [Finding] = []
        let name = cluster.metadata.name
        if report.isOverdue {
            let last = report.age.map { "the last good one is \($0.ageText) old" } ?? "there is none yet"
            findings.append(
                Finding(
                    "BackupOverdue", .warning, "a backup should have been made by now; \(last)",
                    remedy: "lodestone backup \(name) makes one now and says what goes wrong"))
        }
        if let logged = cluster.status.conditions[.logged], logged.status == .false {
            findings.append(
                Finding(
                    "LogBehind", .warning, "the change log is not kept: \(logged.message)",
                    remedy: "mend what the message names; the log goes on by itself, with a new backup if it has a gap")
            )
        }
        if let lost = lostFinding(backups, of: cluster) { findings.append(lost) }
        if let doubt = doubtFinding(backups, report) { findings.append(doubt) }
        if let status = cluster.status.backup, status.failures > 0 {
            let count = status.failures == 1 ? "the last backup" : "the last \(status.failures) backups"
            let reason = status.lastError.isEmpty ? "" : ": \(status.lastError)"
            findings.append(
                Finding(
                    "BackupFailing", .warning, "\(count) failed\(reason)",
                    remedy: "lodestone get eb shows the failed backups; mend the cause and make one with lodestone "
                        + "backup \(name)"))
            return findings
        }
        let last = backups.filter { [.succeeded, .failed].contains($0.status.phase) }
            .max { finished($0) < finished($1) }
        if let last, last.status.phase == .failed, report.time.map({ finished(last) > $0 }) ?? true {
            findings.append(
                Finding(
                    "BackupFailed", .warning, "the backup \(last.metadata.name) failed: \(last.status.message)",
                    remedy: "mend the cause and make one with lodestone backup \(name)"))
        }
        return findings
    }
}
