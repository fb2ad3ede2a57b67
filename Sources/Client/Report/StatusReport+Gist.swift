import Model

extension StatusReport {
    /// What the report says apart from ages, revisions and sizes, which change all the time: two reports with the same
    /// gist tell a reader the same.
    var gist: [String] {
        var lines = ["\(summary.serving)/\(summary.members)"]
        lines += findings.map { "\($0.severity.rawValue) \($0.code.rawValue) \($0.members)" }
        for cluster in clusters {
            lines.append(
                "\(cluster.displayName) \(cluster.state.rawValue) \(cluster.phase.rawValue) \(cluster.version) "
                    + "\(cluster.leader) \(cluster.paused)")
            lines += cluster.members.map { member in
                "\(member.status.name) \(member.status.role.rawValue) \(member.status.phase.rawValue)"
            }
            lines += cluster.inspections.map { "\($0.name) \($0.verdict.rawValue)" }
            lines.append("\(cluster.backup.name) \(cluster.backup.isOverdue) \(cluster.backup.running)")
            if let drill = cluster.drill { lines.append("\(drill.verdict?.rawValue ?? "") \(drill.running)") }
            lines += cluster.findings.map {
                "\($0.severity.rawValue) \($0.finding.code.rawValue) \($0.finding.members)"
            }
        }
        lines += migrations.map { "\($0.name) \($0.state.rawValue) \($0.phase.rawValue) \($0.verdict?.rawValue ?? "")" }
        return lines
    }
}
