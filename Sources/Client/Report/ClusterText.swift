import Model

/// One cluster of the report as text.
struct ClusterText {
    let paint: Paint
    let now: Timestamp

    /// The lines of a cluster.
    func lines(_ cluster: ClusterReport) -> [String] {
        [headline(cluster)] + members(cluster.members).map { "  \($0)" } + facts(cluster).map { "  \($0)" }
            + findings(cluster.findings).map { "  \($0)" }
    }

    private func headline(_ cluster: ClusterReport) -> String {
        var facts = [cluster.phase.rawValue]
        if !cluster.version.isEmpty { facts.append("etcd \(cluster.version)") }
        facts.append(cluster.provider.rawValue)
        if let revision = cluster.revision {
            // Figures of a cluster that fares as before are looked at less often than its health.
            let age = cluster.observedTime.map { now - $0 } ?? .zero
            facts.append("revision \(revision)" + (age >= .seconds(5) ? " (seen \(age.ageText) ago)" : ""))
        }
        if cluster.paused { facts.append("paused") }
        if cluster.phase != .running, !cluster.message.isEmpty, cluster.findings.isEmpty {
            facts.append(cluster.message.printable)
        }
        let state = paint(cluster.state.style, cluster.state.rawValue)
        return "\(paint(.bold, cluster.displayName))  \(state)  \(facts.joined(separator: ", "))"
    }

    /// The table of members.
    func members(_ members: [MemberReport]) -> [String] {
        guard !members.isEmpty else { return ["no members yet"] }
        var table = TextTable(
            ["MEMBER", "ROLE", "PHASE", "VERSION", "DB SIZE", "IN USE", "REVISION", "LAG"], rightAligned: [4, 5, 6, 7])
        for member in members {
            let status = member.status
            table.add([
                .init(status.name), .init(status.role.rawValue), .init(status.phase.rawValue, status.phase.style),
                .init(status.version.isEmpty ? "-" : status.version), .init(status.dbSize?.rounded ?? "-"),
                .init(status.dbSizeInUse?.rounded ?? "-"), .init(status.revision.map { String($0) } ?? "-"),
                .init(member.lag.map { String($0) } ?? "-"),
            ])
        }
        return table.lines(paint)
    }

    /// The verdicts with their age, and the backups.
    func facts(_ cluster: ClusterReport) -> [String] {
        var table = TextTable(["", "", "", ""])
        for inspection in cluster.inspections {
            table.add([
                .init(inspection.type.rawValue, .bold), .init(inspection.verdict.rawValue, inspection.verdict.style),
                .init(inspection.age.map { "\($0.ageText) ago" } ?? "never"), .init(inspection.message),
            ])
        }
        table.add(row(cluster.backup))
        if let drill = cluster.drill { table.add(row(drill)) }
        if let from = cluster.backup.recoverableFrom, let to = cluster.backup.recoverableTo {
            let logged = cluster.backup.isLogged ? cluster.backup.loggedFrom : nil
            let before = "the moments of the backups kept"
            let span =
                logged.map { "any moment from \($0) to \(to)" + ($0 > from ? ", and before that \(before)" : "") }
                ?? before
            table.add([
                .init("Recoverable", .bold), .init(cluster.backup.isLogged ? "Logged" : "Backups", .green),
                .init("\((now - to).ageText) ago"), .init(span),
            ])
        }
        return table.lines(paint, headings: false)
    }

    private func row(_ backup: BackupReport) -> [TextTable.Cell] {
        let verdict: TextTable.Cell =
            if backup.isOverdue {
                .init("Overdue", .yellow)
            } else if backup.time != nil {
                .init("Stored", .green)
            } else {
                .init("None", backup.isScheduled ? .yellow : .dim)
            }
        return [
            .init("Backup", .bold), verdict, .init(backup.age.map { "\($0.ageText) ago" } ?? "never"),
            .init(sentence(backup)),
        ]
    }

    private func row(_ drill: DrillReport) -> [TextTable.Cell] {
        let verdict: TextTable.Cell =
            switch drill.verdict {
            case nil: .init("None", drill.isScheduled ? .yellow : .dim)
            case .passed: .init("Passed", .green)
            case .failed: .init("Failed", .red)
            case .unknown: .init("Unknown", .magenta)
            }
        var parts: [String] = []
        if let time = drill.recoveryTime { parts.append("\(drill.backup) came back in \(time.goText)") }
        if drill.verdict != .passed, !drill.message.isEmpty { parts.append(drill.message) }
        if !drill.running.isEmpty { parts.append("\(drill.running) is being restored on trial") }
        if let next = drill.nextTime {
            parts.append(next > now ? "next in \((next - now).ageText)" : "next due since \((now - next).ageText)")
        } else if !drill.isScheduled {
            parts.append("no schedule")
        }
        return [
            .init("Drill", .bold), verdict, .init(drill.age.map { "\($0.ageText) ago" } ?? "never"),
            .init(parts.joined(separator: "; ")),
        ]
    }

    private func sentence(_ backup: BackupReport) -> String {
        var parts: [String] = []
        if !backup.name.isEmpty {
            let figures = [backup.revision.map { "revision \($0)" }, backup.size?.rounded].compactMap(\.self)
            parts.append(([backup.name] + figures).joined(separator: ", "))
        }
        if backup.kept > 0 { parts.append("\(backup.kept) kept") }
        if !backup.running.isEmpty { parts.append("\(backup.running) is being made") }
        if let next = backup.nextTime {
            parts.append(next > now ? "next in \((next - now).ageText)" : "next due since \((now - next).ageText)")
        } else if !backup.isScheduled {
            parts.append("no schedule")
        }
        return parts.joined(separator: "; ")
    }

    /// The findings with what to do about them.
    func findings(_ findings: [ReportedFinding]) -> [String] {
        guard !findings.isEmpty else { return [paint(.bold, "Findings") + "      none"] }
        var lines = [paint(.bold, "Findings")]
        let width = findings.map(\.severity.rawValue.count).max() ?? 0
        for reported in findings {
            let finding = reported.finding
            let label = finding.severity.rawValue.uppercased()
            let padding = String(repeating: " ", count: width - label.count)
            let members = finding.members.isEmpty ? "" : " (\(finding.members.joined(separator: ", ")))"
            let since = finding.since.map { ", for \(max(.zero, now - $0).ageText)" } ?? ""
            lines.append(
                "  \(paint(finding.severity.style, label))\(padding)  \(finding.code.rawValue)\(members)\(since): "
                    + finding.message.printable)
            if !finding.remedy.isEmpty {
                lines.append("  " + String(repeating: " ", count: width + 2) + "Remedy: \(finding.remedy.printable)")
            }
        }
        return lines
    }
}

extension MemberPhase {
    var style: Paint.Style? {
        switch self {
        case .running: .green
        case .pending, .starting, .stopped: .dim
        case .backingOff: .yellow
        case .unhealthy, .failed, .unreachable: .red
        }
    }
}
