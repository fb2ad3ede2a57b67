public import Model

/// Makes the report of a fleet from its records: a pure function of them and the time.
///
/// What is old is not believed: a verdict that should have been renewed by now is `Unknown`, and so is the phase of a
/// cluster whose members nobody has looked at.
public struct ReportBuilder: Sendable {
    let now: Timestamp

    /// Creates a builder for a moment.
    public init(at now: Timestamp) {
        self.now = now
    }

    /// The report of clusters with their inspections and backups; records of other clusters are left out.
    ///
    /// `findings` are those that belong to no record.
    public func report(
        _ clusters: [EtcdCluster], inspections: [EtcdInspection], backups: [EtcdBackup],
        migrations: [EtcdMigration] = [], findings: [Finding] = []
    ) -> StatusReport {
        func key(_ metadata: ObjectMeta, _ reference: LocalReference) -> String {
            "\(metadata.namespace)/\(reference.name)"
        }
        let inspections = Dictionary(grouping: inspections) { key($0.metadata, $0.spec.clusterRef) }
        let backups = Dictionary(grouping: backups) { key($0.metadata, $0.spec.clusterRef) }
        var report = StatusReport()
        report.time = now.wholeSeconds
        report.clusters = clusters.map { cluster in
            let name = "\(cluster.metadata.namespace)/\(cluster.metadata.name)"
            return self.report(cluster, inspections[name] ?? [], backups[name] ?? [])
        }
        .sorted { left, right in
            (left.state.rank, left.namespace, left.name) < (right.state.rank, right.namespace, right.name)
        }
        report.migrations = migrations.map { MigrationReport($0, at: now) }.filter(\.isNews).sorted { left, right in
            (left.state.rank, left.namespace, left.name) < (right.state.rank, right.namespace, right.name)
        }
        report.findings = findings
        report.summary = FleetSummary(report.clusters, findings)
        return report
    }

    private func report(
        _ cluster: EtcdCluster, _ inspections: [EtcdInspection], _ backups: [EtcdBackup]
    ) -> ClusterReport {
        var report = ClusterReport()
        let status = cluster.status
        report.namespace = cluster.metadata.namespace
        report.name = cluster.metadata.name
        report.provider = cluster.spec.provider
        report.paused = cluster.spec.paused
        report.version = status.version
        report.leader = status.leader
        report.revision = status.revision
        report.votingMembers = status.members.count { $0.role != .learner }
        report.readyMembers = status.readyMembers
        report.observedTime = status.observedTime
        report.isStale = isStale(cluster)
        report.phase = report.isStale ? .unknown : status.phase
        report.message = status.conditions[.ready]?.message ?? ""
        let newest = status.members.compactMap(\.raftIndex).max()
        report.members = status.members.map { MemberReport($0, newest: newest) }
        let inspected = inspectionReports(cluster, inspections)
        report.inspections = inspected.map(\.report)
        let backup = backupReport(cluster, backups)
        report.backup = backup.report
        let drill = drillReport(cluster)
        report.drill = drill.report
        let own =
            phaseFindings(cluster, report) + pauseFindings(cluster) + backup.findings + drill.findings
        let all = own.map { ReportedFinding($0) } + inspected.flatMap(\.findings)
        report.findings = Self.withoutRepetition(all).enumerated().sorted {
            ($1.element.severity, $0.offset) < ($0.element.severity, $1.offset)
        }.map(\.element)
        report.state = Self.state(report)
        return report
    }

    /// What two inspections found alike is told once: they meet the same wrong password or missing Secret.
    private static func withoutRepetition(_ findings: [ReportedFinding]) -> [ReportedFinding] {
        var told: [ReportedFinding] = []
        for reported in findings {
            let isTold = told.contains {
                $0.finding.code == reported.finding.code && $0.finding.members == reported.finding.members
                    && $0.finding.message == reported.finding.message
            }
            if !isTold { told.append(reported) }
        }
        return told
    }

    /// All things considered, the worst of them.
    private static func state(_ report: ClusterReport) -> ReportState {
        let verdicts = report.inspections.map(\.verdict)
        let severities = report.findings.map(\.severity) + verdicts.compactMap(\.severity)
        if severities.contains(.critical) { return .critical }
        if report.phase == .unknown || verdicts.contains(.unknown) { return .unknown }
        if severities.contains(.warning) || report.phase != .running { return .attention }
        return .ok
    }

    /// Whether the members were not looked at for three times as long as they should be at the most.
    ///
    /// Of a quiet cluster the controller shows a look that is up to a round and 20 seconds old.
    private func isStale(_ cluster: EtcdCluster) -> Bool {
        guard let observed = cluster.status.observedTime else {
            // Nothing seen yet is told by the phase: Pending or Creating, and nobody takes that for good.
            return [.running, .degraded].contains(cluster.status.phase)
        }
        return now - observed > max(cluster.lookInterval * 3, .seconds(45))
    }

    private func phaseFindings(_ cluster: EtcdCluster, _ report: ClusterReport) -> [Finding] {
        let name = cluster.metadata.name
        if report.isStale {
            let age = cluster.status.observedTime.map { "\((now - $0).ageText) ago" } ?? "never"
            return [
                Finding(
                    "StatusStale", .warning,
                    "the members were last looked at: \(age); then the cluster was \(cluster.status.phase.rawValue)",
                    remedy: "see whether the controller runs (lodestone wait --for ready) and what its log says")
            ]
        }
        let severity: Severity
        switch cluster.status.phase {
        case .failed, .quorumLost: severity = .critical
        case .degraded: severity = .warning
        default: return []
        }
        let code = FindingCode(rawValue: "Cluster\(cluster.status.phase.rawValue)")
        let message = report.message.isEmpty ? "the cluster is \(cluster.status.phase.rawValue)" : report.message
        var finding = Finding(code, severity, message, remedy: "lodestone describe ec \(name) shows what is known")
        finding.since = cluster.status.conditions[.ready]?.lastTransitionTime
        return [finding]
    }

    /// That nobody looks after the cluster, by its spec, and which members stay down because of it.
    private func pauseFindings(_ cluster: EtcdCluster) -> [Finding] {
        guard cluster.spec.paused else { return [] }
        let remedy = "set spec.paused to false when you are done"
        let down = cluster.status.members.filter { $0.pid == nil && $0.phase != .running }.map(\.name)
        guard cluster.spec.provider == .local, !down.isEmpty else {
            return [Finding("Paused", .info, "the controller leaves the cluster alone (spec.paused)", remedy: remedy)]
        }
        return [
            Finding(
                "MembersDownWhilePaused", .warning, members: down,
                "\(down.count == 1 ? "a member is" : "\(down.count) members are") down and not started again, "
                    + "because spec.paused is true", remedy: remedy)
        ]
    }

    /// The inspections that there are, and those that there should be.
    private func inspectionReports(
        _ cluster: EtcdCluster, _ inspections: [EtcdInspection]
    ) -> [(report: InspectionReport, findings: [ReportedFinding])] {
        let present = inspections.sorted {
            ($0.spec.type.order, $0.metadata.name) < ($1.spec.type.order, $1.metadata.name)
        }.map(inspectionReport)
        let missing = InspectionType.allCases.filter { type in
            cluster.spec.inspections[type].enabled && !inspections.contains { $0.spec.type == type }
        }.map { type in
            var report = InspectionReport()
            report.type = type
            report.message = "not made yet"
            return (report: report, findings: [ReportedFinding]())
        }
        return (present + missing).sorted { $0.report.type.order < $1.report.type.order }
    }

    private func inspectionReport(
        _ inspection: EtcdInspection
    ) -> (report: InspectionReport, findings: [ReportedFinding]) {
        let status = inspection.status
        let interval = inspection.spec.interval ?? InspectionSwitches()[inspection.spec.type].interval ?? .seconds(60)
        var report = InspectionReport()
        report.name = inspection.metadata.name
        report.type = inspection.spec.type
        report.interval = interval
        report.time = status.lastRunTime
        report.lastVerdict = status.verdict
        report.message = status.message
        guard let time = status.lastRunTime else {
            report.message = inspection.spec.suspend ? "suspended, and never made" : "not made yet"
            return (report, [])
        }
        let age = max(.zero, now - time)
        report.age = .seconds(age.components.seconds)
        report.isStale = age > max(interval * 3, .seconds(5))
        report.verdict = report.isStale ? .unknown : status.verdict
        var findings = status.findings.map { ReportedFinding($0, by: inspection.metadata.name) }
        if report.isStale {
            report.message = "\(inspection.spec.suspend ? "suspended" : "stale"); was \(status.verdict.rawValue)"
            if !status.message.isEmpty { report.message += ": \(status.message)" }
            if !inspection.spec.suspend {
                let stale = Finding(
                    "InspectionStale", .warning,
                    "the \(report.type.rawValue.lowercased()) inspection runs every \(interval.goText) and last ran "
                        + "\(age.ageText) ago",
                    remedy: "see whether the controller runs (lodestone wait --for ready) and what its log says")
                findings.insert(ReportedFinding(stale, by: inspection.metadata.name), at: 0)
            }
        }
        return (report, findings)
    }
}

extension ReportState {
    /// Worst first.
    fileprivate var rank: Int {
        switch self {
        case .critical: 0
        case .unknown: 1
        case .attention: 2
        case .ok: 3
        }
    }
}

extension InspectionType {
    /// The order in which reports show inspections.
    fileprivate var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
