import Model

/// What the cluster made for a drill says of the backup: a pure function of the two records and the time.
enum DrillJudge {
    /// What follows.
    enum Sight: Equatable {
        /// It goes on.
        case underway
        /// It is over.
        case over(DrillVerdict, reason: String, message: String)
    }

    /// How long something may stand in the way before the drill is given up.
    static let patience = Duration.seconds(60)
    /// How long a drill may take.
    static let limit = Duration.seconds(6 * 3600)

    /// Failures of a restore that are the backup's or that of what was made of it; all others say nothing of it.
    private static let accusations: Set<String> = [
        "BackupDamaged", "BackupMissing", "ProofFailed", "DataLost", "MembersDoNotServe",
        // The log was on record as stored that far.
        "LogDamaged", "NotRecoverable",
    ]

    /// Judges the cluster made for the drill.
    ///
    /// - Parameters:
    ///   - copy: the cluster made for the drill.
    ///   - backup: the record of the backup; nil if it is gone or going, and its bytes with it.
    ///   - run: the drill.
    ///   - now: the time.
    /// - Returns: what follows.
    static func judge(_ copy: EtcdCluster, _ backup: EtcdBackup?, _ run: DrillRun, at now: Timestamp) -> Sight {
        let restore = copy.status.restore
        switch restore?.phase {
        case .succeeded: return compare(restore ?? ClusterRestoreStatus(), backup, run)
        case .failed: return fail(copy, backup, run)
        default: break
        }
        if copy.status.phase == .failed, let since = run.troubleTime, now - since >= patience {
            return fail(copy, backup, run)
        }
        if let start = run.startTime, now - start > limit {
            return .over(
                .unknown, reason: "TooSlow",
                message: "\(run.backup) was not restored within \(limit.goText); it was \(restore?.message ?? "")")
        }
        return .underway
    }

    /// Whether something stands in the way just now.
    static func isTroubled(_ copy: EtcdCluster) -> Bool { copy.status.phase == .failed }

    private static func fail(_ copy: EtcdCluster, _ backup: EtcdBackup?, _ run: DrillRun) -> Sight {
        let restored = copy.status.conditions[.restored]
        let condition = copy.status.restore == nil ? copy.status.conditions[.ready] : restored
        let reason = condition?.reason ?? "Unknown"
        let operation = copy.status.lastOperation
        let message = operation?.state == "Error" ? operation?.description ?? "" : condition?.message ?? ""
        guard backup != nil else {
            return .over(
                .unknown, reason: "BackupRemoved",
                message: "\(run.backup) was removed while it was restored: \(message)")
        }
        return .over(
            accusations.contains(reason) ? .failed : .unknown, reason: reason, message: "\(run.backup): \(message)")
    }

    /// The restore has proven that every figure is what the manifest says; the record must say so too.
    private static func compare(_ restore: ClusterRestoreStatus, _ backup: EtcdBackup?, _ run: DrillRun) -> Sight {
        if let backup {
            let own = restore.backupRevision ?? restore.revision
            var figures = [("revision", backup.status.revision, own)]
            // What the log made of the backup is on no record; the restore proved it by computing it before and after.
            if restore.backupRevision == nil {
                figures += [
                    ("keys", backup.status.keys, restore.keys), ("leases", backup.status.leases, restore.leases),
                    ("HashKV", backup.status.hashKV, restore.hashKV),
                ]
            }
            for (name, wanted, found) in figures {
                if let wanted, wanted != found { return differ(run, name, wanted, found) }
            }
        }
        if let wanted = run.revision, wanted != restore.revision {
            return differ(run, "revision", wanted, restore.revision)
        }
        return .over(
            .passed, reason: "DrillPassed",
            message: "\(run.backup)\(restore.replayedText) came back: revision \(restore.revision ?? 0), "
                + "\(restore.keys ?? 0) keys, \(restore.leases ?? 0) leases, HashKV \(restore.hashKV ?? 0)")
    }

    private static func differ(_ run: DrillRun, _ figure: String, _ wanted: Int64, _ found: Int64?) -> Sight {
        .over(
            .failed, reason: "FiguresDiffer",
            message:
                "\(run.backup) came back with \(figure) \(found.map { "\($0)" } ?? "unknown"), on record is \(wanted)")
    }

    /// The result of a drill that is over, with what was measured.
    static func result(
        _ verdict: DrillVerdict, _ reason: String, _ message: String, of run: DrillRun, _ copy: EtcdCluster?,
        at now: Timestamp
    ) -> DrillResult {
        var result = DrillResult()
        result.backup = run.backup
        result.verdict = verdict
        result.reason = reason
        result.message = message
        result.startTime = run.startTime
        result.completionTime = now.wholeSeconds
        result.version = run.version
        result.request = run.request
        guard verdict == .passed, let restore = copy?.status.restore else { return result }
        result.backupRevision = restore.backupRevision
        result.revision = restore.revision
        result.keys = restore.keys
        result.leases = restore.leases
        result.hashKV = restore.hashKV
        result.size = restore.size
        result.recoveryTime = run.recordTime.map { Self.milliseconds(from: $0, to: now) }
        let order = [RestorePhase.fetching, .restoring, .starting, .proving].map(\.rawValue)
        for (index, phase) in order.enumerated() {
            guard let start = run.phases[phase] else { continue }
            let end = order[(index + 1)...].lazy.compactMap { run.phases[$0] }.first ?? now
            result.phases[phase] = milliseconds(from: start, to: end)
        }
        return result
    }

    private static func milliseconds(from start: Timestamp, to end: Timestamp) -> Duration {
        .milliseconds((max(.zero, end - start).nanoseconds + 500_000) / 1_000_000)
    }
}
