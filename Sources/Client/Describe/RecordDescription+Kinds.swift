import Model

extension RecordDescription {
    /// A cluster: what the report says of it, and what was last done to it.
    func cluster(_ cluster: EtcdCluster) -> [String] {
        let own = { (metadata: ObjectMeta, reference: LocalReference) in
            metadata.namespace == cluster.metadata.namespace && reference.name == cluster.metadata.name
        }
        let report = ReportBuilder(at: now).report(
            [cluster], inspections: inspections.filter { own($0.metadata, $0.spec.clusterRef) },
            backups: backups.filter { own($0.metadata, $0.spec.clusterRef) }
        ).clusters[0]
        let status = cluster.status
        var rows: [(String, String)] = [
            ("State", paint(report.state.style, report.state.rawValue)),
            ("Phase", report.phase.rawValue + (report.message.isEmpty ? "" : ": \(report.message)")),
            ("Provider", report.provider.rawValue + (report.paused ? ", paused" : "")),
        ]
        let optional: [(String, String?)] = [
            ("Version", status.version), ("Leader", status.leader), ("Revision", status.revision.map { String($0) }),
            ("Cluster ID", status.clusterID), ("Incarnation", status.incarnation),
            ("Observed", status.observedTime.map { moment($0) }),
        ]
        rows += optional.compactMap { name, value in value.flatMap { $0.isEmpty ? nil : (name, $0) } }
        let text = ClusterText(paint: paint, now: now)
        return facts(rows) + section("Members", text.members(report.members) + memberNotes(status.members))
            + section("Inspections and backups", text.facts(report))
            + section("Drills", drills(status.drill?.history ?? []))
            + [""] + text.findings(report.findings) + operations(status)
    }

    private func memberNotes(_ members: [MemberStatus]) -> [String] {
        members.compactMap { member in
            var notes: [String] = []
            if !member.endpoint.isEmpty { notes.append(member.endpoint) }
            if !member.id.isEmpty { notes.append("ID \(member.id)") }
            if let pid = member.pid { notes.append("process \(pid)") }
            if member.restarts > 0 { notes.append("restarted \(member.restarts) times") }
            if !member.message.isEmpty { notes.append(member.message) }
            return notes.isEmpty ? nil : "\(member.name): \(notes.joined(separator: ", "))"
        }
    }

    private func drills(_ history: [DrillResult]) -> [String] {
        guard !history.isEmpty else { return [] }
        var table = TextTable(["ENDED", "VERDICT", "BACKUP", "RECOVERY", "MESSAGE"])
        for result in history {
            table.add([
                .init(result.completionTime.map { "\(age($0)) ago" } ?? "-"),
                .init(result.verdict.rawValue, result.verdict.style), .init(result.backup),
                .init(result.recoveryTime?.goText ?? "-"), .init(result.message),
            ])
        }
        return table.lines(paint)
    }

    private func operations(_ status: EtcdClusterStatus) -> [String] {
        var lines: [String] = []
        if let operation = status.lastOperation {
            let time = operation.lastUpdateTime.map { ", \(age($0)) ago" } ?? ""
            lines += section(
                "Last operation", ["\(operation.type) \(operation.state)\(time): \(operation.description)"])
        }
        return lines
            + section(
                "Last errors",
                status.lastErrors.map { error in
                    "\(error.observedAt.map { "\(age($0)) ago" } ?? "-"): \(error.code): \(error.description)"
                })
    }

    /// An inspection: verdict, findings, what was seen at each member, and how it was before.
    func inspection(_ inspection: EtcdInspection) -> [String] {
        let status = inspection.status
        var rows = [
            ("Cluster", inspection.spec.clusterRef.name), ("Type", inspection.spec.type.rawValue),
            (
                "Verdict",
                paint(status.verdict.style, status.verdict.rawValue)
                    + (status.message.isEmpty ? "" : ": \(status.message)")
            ),
        ]
        if let time = status.lastRunTime {
            rows.append(("Last run", moment(time) + (status.lastDuration.map { ", took \($0.goText)" } ?? "")))
        } else {
            rows.append(("Last run", "never"))
        }
        if let next = status.nextRunTime { rows.append(("Next run", moment(next))) }
        let text = ClusterText(paint: paint, now: now)
        var lines = facts(rows) + [""] + text.findings(status.findings.map { ReportedFinding($0) })
        var evidence = TextTable(["MEMBER", "VERDICT", "FIGURES", "MESSAGE"])
        for member in status.evidence {
            let figures = member.figures.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            evidence.add([
                .init(member.member), .init(member.verdict.rawValue, member.verdict.style),
                .init(figures.joined(separator: ", ")), .init(member.message),
            ])
        }
        if !status.evidence.isEmpty { lines += section("Evidence", evidence.lines(paint)) }
        var history = TextTable(["SINCE", "UNTIL", "RUNS", "VERDICT", "MESSAGE"], rightAligned: [2])
        for entry in status.history {
            history.add([
                .init(entry.since.description), .init(entry.until.description), .init(String(entry.runs)),
                .init(entry.verdict.rawValue, entry.verdict.style), .init(entry.message),
            ])
        }
        if !status.history.isEmpty { lines += section("History", history.lines(paint)) }
        return lines
    }

    /// A backup: where it stands, and its figures.
    func backup(_ backup: EtcdBackup) -> [String] {
        let status = backup.status
        let style: Paint.Style =
            switch status.phase {
            case .succeeded: .green
            case .failed, .lost: .red
            case .pending, .running: .yellow
            }
        let rows: [(String, String?)] = [
            (
                "Phase",
                paint(style, status.phase.rawValue) + (status.message.isEmpty ? "" : ": \(status.message)")
            ),
            ("Started", status.startTime.map { moment($0) }), ("Finished", status.completionTime.map { moment($0) }),
            ("Last seen", status.checkedTime.map { moment($0) }), ("Verified", status.verifiedTime.map { moment($0) }),
            ("Compacted to", status.compactRevision.map { "revision \($0)" }), ("Cluster ID", status.clusterID),
            ("Incarnation", status.incarnation),
        ]
        return facts(rows.compactMap { name, value in value.flatMap { $0.isEmpty ? nil : (name, $0) } })
            + section("Figures", BackupFigures(backup).lines(paint))
    }

    /// A secret: the names and sizes of its values, never the values.
    func secret(_ secret: Secret) -> [String] {
        let sizes = secret.data.sorted { $0.key < $1.key }.map { key, text in
            "\(key): \(Base64.decode(text)?.count ?? 0) bytes"
        }
        return facts([("Type", secret.type)]) + section("Data", sizes)
    }
}
