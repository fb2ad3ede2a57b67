import Model

/// The report as text: plain in a pipe, coloured on a terminal.
struct ReportText {
    /// How much is said of clusters that are well.
    enum Detail: String, OptionValue, CaseIterable {
        /// Everything while there are few clusters, a line each when there are many.
        case auto
        /// Everything of every cluster.
        case full
        /// A line each for clusters that are well.
        case brief
    }

    let paint: Paint
    var detail = Detail.auto

    /// More clusters than this are too many to say everything of those that are well.
    static let manyClusters = 10

    /// The lines of the report.
    func lines(_ report: StatusReport) -> [String] {
        var lines = [paint(.bold, "Lodestone status report") + paint(.dim, "  \(report.time)")]
        lines += summary(report.summary)
        if !report.findings.isEmpty {
            let text = ClusterText(paint: paint, now: report.time)
            lines += [""] + text.findings(report.findings.map { ReportedFinding($0) })
        }
        lines += migrations(report.migrations)
        guard !report.clusters.isEmpty else { return lines }
        let isBrief = detail == .brief || detail == .auto && report.clusters.count > Self.manyClusters
        var table = TextTable(["CLUSTER", "STATE", "PHASE", "MEMBERS", "VERSION", "REVISION", "LAST BACKUP"])
        let brief = isBrief ? report.clusters.filter { $0.state == .ok } : []
        for cluster in report.clusters where !(isBrief && cluster.state == .ok) {
            lines.append("")
            lines += ClusterText(paint: paint, now: report.time).lines(cluster)
        }
        for cluster in brief {
            table.add([
                .init(cluster.displayName, .bold), .init(cluster.state.rawValue, cluster.state.style),
                .init(cluster.phase.rawValue), .init("\(cluster.readyMembers)/\(cluster.votingMembers)"),
                .init(cluster.version), .init(cluster.revision.map { String($0) } ?? "-"),
                .init(cluster.backup.age.map { "\($0.ageText) ago" } ?? "-"),
            ])
        }
        if !brief.isEmpty { lines += [""] + table.lines(paint) }
        return lines
    }

    private func migrations(_ migrations: [MigrationReport]) -> [String] {
        guard !migrations.isEmpty else { return [] }
        var table = TextTable(["MIGRATION", "STATE", "FROM", "TO", "PHASE", "BEHIND", "MESSAGE"])
        for migration in migrations {
            table.add([
                .init(migration.name, .bold), .init(migration.state.rawValue, migration.state.style),
                .init(migration.source), .init(migration.destination), .init(migration.phase.rawValue),
                .init(migration.lagRevisions.map { String($0) } ?? "-"), .init(migration.message),
            ])
        }
        return [""] + table.lines(paint)
    }

    private func summary(_ summary: FleetSummary) -> [String] {
        guard summary.clusters > 0 else { return ["No clusters are declared. See \"lodestone apply --help\"."] }
        let states: [(Int, ReportState, String)] = [
            (summary.critical, .critical, "critical"), (summary.unknown, .unknown, "unknown"),
            (summary.attention, .attention, summary.attention == 1 ? "needs attention" : "need attention"),
            (summary.ok, .ok, "OK"),
        ]
        let counts = states.filter { $0.0 > 0 }.map { paint($0.1.style, "\($0.0) \($0.2)") }.joined(separator: ", ")
        let findings: [(Int, Severity, String)] = [
            (summary.criticalFindings, .critical, "critical"), (summary.warningFindings, .warning, "warning"),
            (summary.infoFindings, .info, "info"),
        ]
        let found = findings.filter { $0.0 > 0 }.map { paint($0.1.style, "\($0.0) \($0.2)") }.joined(separator: ", ")
        return [
            "\(summary.clusters) cluster\(summary.clusters == 1 ? "" : "s"): \(counts). "
                + "\(summary.serving) of \(summary.members) members serve. "
                + "Findings: \(found.isEmpty ? "none" : found)."
        ]
    }
}

extension ClusterReport {
    /// The name with its namespace, where that is not the default one.
    var displayName: String { namespace == "default" || namespace.isEmpty ? name : "\(namespace)/\(name)" }
}

extension ReportState {
    var style: Paint.Style {
        switch self {
        case .critical: .red
        case .unknown: .magenta
        case .attention: .yellow
        case .ok: .green
        }
    }
}

extension Severity {
    var style: Paint.Style {
        switch self {
        case .critical: .red
        case .warning: .yellow
        case .info: .dim
        }
    }
}

extension Verdict {
    var style: Paint.Style {
        switch self {
        case .unknown: .magenta
        default: severity?.style ?? .green
        }
    }
}
