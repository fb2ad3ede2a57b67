import Model
import Testing

@testable import Controller

struct RoutineTests {
    private let start = Timestamp(secondsSinceEpoch: 1_700_000_000)

    /// The status of an inspection after some runs with equal outcome.
    private func status(runs: Int64, read: String = "1.2ms", _ verdict: Verdict = .healthy) -> EtcdInspectionStatus {
        var status = EtcdInspectionStatus()
        let now = start + .seconds(10 * runs)
        let message = verdict == .healthy ? "1 of 1 voting members serve" : "m1 took \(read) for a linearizable read"
        status.verdict = verdict
        status.message = message
        status.lastRunTime = now
        status.nextRunTime = now + .seconds(10)
        status.lastDuration = .milliseconds(runs)
        status.evidence = [
            MemberEvidence(
                member: "m1", endpoint: "http://127.0.0.1:1", verdict: verdict,
                figures: ["linearizableRead": read, "revision": "\(runs)"], message: message)
        ]
        if verdict != .healthy {
            var finding = Finding("SlowProbe", .warning, members: ["m1"], message, remedy: "Look at its disk.")
            finding.since = start
            status.findings = [finding]
        }
        for run in 0..<runs {
            status.history.record(verdict, message, at: start + .seconds(10 * run), limit: 20)
        }
        status.conditions.set(
            Condition(.ready, verdict == .healthy ? .true : .false, reason: verdict.rawValue, message: message),
            at: start, generation: 1)
        return status
    }

    @Test("A run that finds the same is routine whatever it measured", arguments: [Verdict.healthy, .degraded])
    func routine(verdict: Verdict) {
        #expect(
            InspectionReconciler.isRoutine(
                status(runs: 4, read: "812.5ms", verdict), since: status(runs: 3, read: "700ms", verdict)))
    }

    @Test("The first run, another verdict, finding, member, reason or generation is news")
    func news() {
        let old = status(runs: 3, .degraded)
        #expect(!InspectionReconciler.isRoutine(status(runs: 1), since: EtcdInspectionStatus()))
        #expect(!InspectionReconciler.isRoutine(status(runs: 4), since: old))
        let changes: [(inout EtcdInspectionStatus) -> Void] = [
            { $0.verdict = .quorumLost }, { $0.findings[0].severity = .critical },
            { $0.findings[0].code = "QuotaNearlyUsed" }, { $0.findings[0].members = ["m2"] },
            { $0.findings[0].since = start + .seconds(40) }, { $0.findings = [] },
            { $0.findings[0].message = "m1 refuses the connection" }, { $0.evidence[0].verdict = .unreachable },
            { $0.evidence[0].member = "m2" }, { $0.evidence.append($0.evidence[0]) },
            { $0.evidence[0].figures["hash"] = "7" }, { $0.message = "m1 is silent" },
            { $0.observedGeneration = 2 }, { $0.nextRunTime = nil },
            { $0.history.insert(InspectionHistoryEntry(verdict: .unknown, message: "", at: start), at: 0) },
            { $0.conditions[0].status = .unknown }, { $0.conditions[0].reason = "Other" },
        ]
        for (index, change) in changes.enumerated() {
            var new = status(runs: 4, .degraded)
            #expect(InspectionReconciler.isRoutine(new, since: old))
            change(&new)
            #expect(!InspectionReconciler.isRoutine(new, since: old), "change \(index)")
        }
    }

    @Test("Of a cluster, times and the figures that writes move are routine, and nothing else")
    func cluster() {
        var old = EtcdClusterStatus()
        old.phase = .running
        old.observedTime = start
        old.revision = 10
        var member = MemberStatus()
        member.name = "m1"
        (member.revision, member.raftIndex, member.raftAppliedIndex, member.raftTerm) = (10, 20, 20, 2)
        (member.dbSize, member.dbSizeInUse) = (ByteCount(4096), ByteCount(2048))
        old.members = [member]
        var summary = InspectionSummary()
        (summary.name, summary.verdict, summary.time) = ("orders-health", .healthy, start)
        old.inspections = [summary]
        var moved = old
        moved.observedTime = start + .seconds(20)
        moved.revision = 30
        moved.members[0].revision = 30
        (moved.members[0].raftIndex, moved.members[0].raftAppliedIndex) = (44, 43)
        (moved.members[0].dbSize, moved.members[0].dbSizeInUse) = (ByteCount(8192), ByteCount(4096))
        moved.inspections[0].time = start + .seconds(20)
        #expect(ClusterReconciler.isRoutine(moved, since: old))
        let changes: [(inout EtcdClusterStatus) -> Void] = [
            { $0.phase = .degraded }, { $0.leader = "m2" }, { $0.members[0].phase = .unhealthy },
            { $0.members[0].role = .leader }, { $0.members[0].raftTerm = 3 }, { $0.members[0].restarts = 1 },
            { $0.members[0].revision = nil }, { $0.members = [] }, { $0.inspections[0].verdict = .degraded },
            { $0.readyMembers = 1 }, { $0.clusterID = "7" }, { $0.observedTime = nil }, { $0.version = "3.5.1" },
        ]
        for (index, change) in changes.enumerated() {
            var new = moved
            change(&new)
            #expect(!ClusterReconciler.isRoutine(new, since: old), "change \(index)")
        }
    }

    @Test(
        "Sentences are the same but for their numbers",
        arguments: [
            ("2 of 3 serve", "3 of 3 serve", true), ("took 1.25ms", "took 812ms", true), ("took 1ms", "took 1s", false),
            ("m1 is silent", "m1 refuses", false), ("", "7", true),
        ])
    func wording(old: String, new: String, expected: Bool) {
        #expect(Routine.isSame(old, new) == expected)
    }
}
