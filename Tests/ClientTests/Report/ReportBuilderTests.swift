@testable import Client
import Model
import Testing

struct ReportBuilderTests {
    private typealias F = ReportFixtures

    private func only(
        _ change: (inout EtcdCluster) -> Void = { _ in }, _ inspections: [EtcdInspection]? = nil,
        _ backups: [EtcdBackup] = []
    ) -> ClusterReport {
        F.report([F.cluster("orders", change)], inspections, backups).clusters[0]
    }

    private func codes(_ report: ClusterReport) -> [String] { report.findings.map(\.finding.code.rawValue) }

    @Test("A cluster that was seen to be well, recently, is OK")
    func ok() {
        let report = only()
        #expect(report.state == .ok)
        #expect(report.findings.isEmpty)
        #expect(report.members.map(\.lag) == [0, 1, 2])
        // The last figures of a member that is gone stay on record; its lag is not known.
        let gone = F.report([F.cluster { $0.status.members[1].phase = .starting }])
        #expect(gone.clusters[0].members.map(\.lag) == [0, nil, 2])
        #expect(report.backup.age == .seconds(300))
        #expect(report.inspections.map(\.verdict) == [.healthy, .consistent])
    }

    @Test("A verdict older than three intervals is Unknown, however good it was", arguments: [30, 31, 3600] as [Int64])
    func staleVerdict(age: Int64) {
        let health = F.inspection(.health) { $0.status.lastRunTime = F.ago(age) }
        let report = only({ _ in }, [health, F.inspection(.consistency)])
        let isStale = age > 30
        #expect(report.inspections[0].verdict == (isStale ? .unknown : .healthy))
        #expect(report.inspections[0].lastVerdict == .healthy)
        #expect(report.inspections[0].isStale == isStale)
        #expect(report.state == (isStale ? .unknown : .ok))
        #expect(codes(report) == (isStale ? ["InspectionStale"] : []))
    }

    @Test("Members nobody has looked at for long are not believed to serve", arguments: [45, 46] as [Int64])
    func staleStatus(age: Int64) {
        let report = F.report([F.cluster { $0.status.observedTime = F.ago(age) }])
        let isStale = age > 45
        #expect(report.clusters[0].phase == (isStale ? .unknown : .running))
        #expect(report.clusters[0].state == (isStale ? .unknown : .ok))
        #expect(report.summary.serving == (isStale ? 0 : 3))
        #expect(codes(report.clusters[0]) == (isStale ? ["StatusStale"] : []))
    }

    @Test("A pause is told, and who stays down because of it")
    func paused() {
        let paused = only({ cluster in
            cluster.spec.paused = true
            for index in 0..<3 { cluster.status.members[index].pid = Int64(100 + index) }
        })
        #expect(codes(paused) == ["Paused"] && paused.state == .ok)
        let down = only({ cluster in
            cluster.spec.paused = true
            cluster.status.members[1].phase = .failed
        })
        #expect(codes(down) == ["MembersDownWhilePaused"] && down.state == .attention)
        #expect(down.findings[0].finding.members == ["orders-1"])
    }

    @Test("What belongs to no cluster counts as well")
    func fleetFindings() {
        let orphans = Finding("OrphanMembers", .critical, "no record claims them", remedy: "restore the store")
        let report = ReportBuilder(at: F.now).report([], inspections: [], backups: [], findings: [orphans])
        #expect(report.summary.criticalFindings == 1)
        #expect(report.hasFindings(from: .critical))
        let text = ReportText(paint: Paint(isEnabled: false)).lines(report).joined(separator: "\n")
        #expect(text.contains("CRITICAL  OrphanMembers: no record claims them"), "\(text)")
    }

    @Test("An inspection that was never made leaves the cluster Unknown")
    func missingInspection() {
        let missing = only({ _ in }, [F.inspection(.health)])
        #expect(missing.state == .unknown)
        #expect(missing.inspections.map(\.message) == ["3 of 3 members serve", "not made yet"])
        let never = only({ _ in }, [F.inspection(.health), F.inspection(.consistency) { $0.status.lastRunTime = nil }])
        #expect(never.state == .unknown)
        let off = only({ $0.spec.inspections.consistency.enabled = false }, [F.inspection(.health)])
        #expect(off.state == .ok)
    }

    @Test("A suspended inspection is Unknown, but nothing is wrong with it")
    func suspended() {
        let health = F.inspection(.health) {
            $0.spec.suspend = true
            $0.status.lastRunTime = F.ago(600)
        }
        let report = only({ _ in }, [health, F.inspection(.consistency)])
        #expect(report.state == .unknown)
        #expect(report.findings.isEmpty)
        #expect(report.inspections[0].message == "suspended; was Healthy: 3 of 3 members serve")
    }

    @Test(
        "The phase and the verdicts decide the state, the worst of them",
        arguments: [
            (ClusterPhase.running, Verdict.healthy, ReportState.ok), (.running, .degraded, .attention),
            (.running, .lagging, .attention), (.running, .quorumLost, .critical), (.running, .diverged, .critical),
            (.running, .unknown, .unknown), (.degraded, .healthy, .attention), (.quorumLost, .healthy, .critical),
            (.failed, .healthy, .critical), (.unknown, .healthy, .unknown), (.creating, .healthy, .attention),
            (.pending, .healthy, .attention), (.deleting, .healthy, .attention), (.degraded, .unknown, .unknown),
            (.failed, .unknown, .critical),
        ])
    func states(phase: ClusterPhase, verdict: Verdict, state: ReportState) {
        let health = F.inspection(.health) { $0.status.verdict = verdict }
        #expect(only({ $0.status.phase = phase }, [health, F.inspection(.consistency)]).state == state)
    }

    @Test("Findings are collected worst first, with the inspection they are from")
    func findings() {
        let health = F.inspection(.health) {
            $0.status.findings = [Finding("SlowProbe", .warning, members: ["orders-1"], "slow", remedy: "look")]
        }
        let consistency = F.inspection(.consistency) {
            $0.status.verdict = .diverged
            $0.status.findings = [
                Finding("MemberDiverged", .critical, members: ["orders-2"], "other", remedy: "replace")
            ]
        }
        let report = only({ _ in }, [health, consistency])
        #expect(report.state == .critical)
        #expect(codes(report) == ["MemberDiverged", "SlowProbe"])
        #expect(report.findings.map(\.inspection) == ["orders-consistency", "orders-health"])
    }

    @Test("Backups that are late, failing or failed are findings")
    func backups() {
        #expect(only({ $0.status.backup?.nextTime = F.ago(1700) }).backup.isOverdue == false)
        let late = only { $0.status.backup?.nextTime = F.ago(1900) }
        #expect(late.state == .attention && codes(late) == ["BackupOverdue"])
        let never = only { $0.status.backup = nil }
        #expect(codes(never) == ["BackupOverdue"])
        #expect(never.findings[0].finding.message == "a backup should have been made by now; there is none yet")
        let young = only {
            $0.status.backup = nil
            $0.metadata.creationTimestamp = F.ago(60)
        }
        #expect(young.state == .ok && !young.backup.isOverdue)
        let failing = only {
            $0.status.backup?.failures = 2
            $0.status.backup?.lastError = "no space left on device"
        }
        #expect(failing.findings.map(\.finding.message) == ["the last 2 backups failed: no space left on device"])
        let failed = only({ _ in }, nil, [F.backup("b", finished: 10, .failed)])
        #expect(codes(failed) == ["BackupFailed"])
        let mended = only({ _ in }, nil, [F.backup("b", finished: 20, .failed), F.backup("c", finished: 10)])
        #expect(mended.findings.isEmpty && mended.backup.name == "c")
        var doubtful = F.backup("c", finished: 10)
        doubtful.status.conditions.set(
            Condition(.consistent, .false, reason: "MembersDiffered", message: "taken from m1 while they differed"),
            at: F.now, generation: 1)
        let doubt = only({ _ in }, nil, [F.backup("b", finished: 20), doubtful])
        #expect(codes(doubt) == ["BackupInDoubt"])
        #expect(doubt.findings[0].finding.message == "the newest backup c was taken from m1 while they differed")
        #expect(doubt.findings[0].finding.remedy.hasPrefix("the newest without doubt is b;"))
        let suspended = only {
            $0.spec.backup?.suspend = true
            $0.status.backup?.nextTime = F.ago(9000)
        }
        #expect(suspended.state == .ok && !suspended.backup.isScheduled)
    }

    @Test("The newest good backup counts, from the cluster's status or from the backups themselves")
    func newestBackup() {
        let report = only(
            { _ in }, nil,
            [
                F.backup("old", finished: 900), F.backup("new", finished: 100),
                F.backup("other", finished: 1, of: "invoices"),
            ])
        #expect(report.backup.name == "new")
        #expect(report.backup.age == .seconds(100))
        #expect(report.backup.revision == 10200)
        let running = only({ _ in }, nil, [F.backup("now", finished: 0, .running)])
        #expect(running.backup.running == "now" && running.backup.name == "orders-20270115-074500")
    }

    @Test("The fleet is summed up and sorted worst first; records of other namespaces are not mixed in")
    func fleet() {
        var elsewhere = F.cluster("orders")
        elsewhere.metadata.namespace = "team-a"
        let lost = F.cluster("lost") {
            $0.status.phase = .quorumLost
            $0.status.readyMembers = 1
        }
        let report = F.report(
            [F.cluster("orders"), elsewhere, lost],
            ["orders", "lost"].flatMap { [F.inspection(.health, of: $0), F.inspection(.consistency, of: $0)] })
        #expect(
            report.clusters.map { "\($0.namespace)/\($0.name)" } == ["default/lost", "team-a/orders", "default/orders"])
        #expect(report.clusters.map(\.state) == [.critical, .unknown, .ok])
        let summary = report.summary
        #expect((summary.clusters, summary.critical, summary.unknown, summary.attention, summary.ok) == (3, 1, 1, 0, 1))
        #expect((summary.members, summary.serving, summary.criticalFindings) == (9, 7, 1))
    }

    @Test(
        "A threshold is met by states and by findings; unknown counts as a warning",
        arguments: [
            (ClusterPhase.running, false, false), (.degraded, true, false), (.unknown, true, false),
            (.failed, true, true),
        ])
    func thresholds(phase: ClusterPhase, warning: Bool, critical: Bool) {
        let report = F.report([F.cluster { $0.status.phase = phase }])
        #expect(report.hasFindings(from: .warning) == warning)
        #expect(report.hasFindings(from: .critical) == critical)
    }

    @Test("The report as JSON reads back as the same report")
    func json() throws {
        let consistency = F.inspection(.consistency) {
            $0.status.findings = [Finding("X", .warning, members: ["a"], "m", remedy: "r")]
        }
        let report = F.report([F.cluster()], [F.inspection(.health), consistency], [F.backup("b", finished: 1)])
        var decoding = Decoding()
        let decoded = StatusReport.decode(try Value(json: report.encoded.prettyJSON), &decoding)
        #expect(decoding.problems.isEmpty)
        #expect(decoded?.encoded == report.encoded)
        #expect(report.encoded[path: "summary", "ok"] == 0)
        #expect(report.encoded["clusters"]?.array?.first?["state"] == "Attention")
    }
}
