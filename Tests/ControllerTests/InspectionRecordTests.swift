import ControllerRuntime
import Model
import Store
import TestSupport
import Testing

@testable import Controller

/// What becomes of an inspection's record: suspension, labels, ownership.
@Suite(.timeLimit(.minutes(10)))
struct InspectionRecordTests {
    /// An inspection that accuses member m1.
    private static func accusing(_ inspection: inout EtcdInspection) {
        inspection.status.verdict = .diverged
        inspection.status.message = "m1 differs"
        inspection.status.findings = [Finding("HashesDiffer", .critical, members: ["m1"], "m1 differs", remedy: "x")]
        inspection.status.evidence = [
            MemberEvidence(member: "m0", endpoint: "", verdict: .consistent, figures: [:], message: "agrees"),
            MemberEvidence(member: "m1", endpoint: "", verdict: .diverged, figures: [:], message: "differs"),
        ]
        inspection.status.lastRunTime = Timestamp(secondsSinceEpoch: 1_700_000_000)
        inspection.status.nextRunTime = Timestamp(secondsSinceEpoch: 1_700_000_060)
        inspection.status.conditions.set(
            Condition(.ready, .false, reason: "Diverged", message: "m1 differs"), at: .now, generation: 1)
    }

    @Test("A suspended inspection keeps what it found last, and when; only Ready becomes Unknown")
    func suspended() async throws {
        try await ControllerParts.run { parts in
            let cluster = try await parts.importCluster("a", at: ["http://127.0.0.1:1"])
            var inspection = try await parts.inspect(cluster, .consistency) { $0.spec.suspend = true }
            Self.accusing(&inspection)
            let before = inspection.status
            #expect(try await InspectionReconciler(services: parts.services).reconcile(&inspection) == .settled)
            #expect(inspection.status.verdict == .diverged)
            #expect(inspection.status.lastRunTime == before.lastRunTime)
            #expect(inspection.status.evidence == before.evidence && inspection.status.findings == before.findings)
            #expect(inspection.status.nextRunTime == nil)
            let ready = try #require(inspection.status.conditions[.ready])
            #expect(ready.status == .unknown && ready.reason == "Suspended")
            #expect(ready.message.contains("2023-11-14T22:13:20Z: m1 differs"))
            #expect(try await BackupOrigin.suspicion(of: cluster, parts.services).culprits.map(\.member).isEmpty)
            // What is on record counts.
            _ = try await parts.store.writeBack(
                inspection,
                since: try await parts.store.get(
                    EtcdInspection.self, named: inspection.metadata.name, in: "default"))
            #expect(try await BackupOrigin.suspicion(of: cluster, parts.services).culprits.map(\.member) == ["m1"])
        }
    }

    @Test("A run that sees nobody does not take back an accusation")
    func unobserved() async throws {
        try await ControllerParts.run { parts in
            var inspection = try await parts.inspect(EtcdCluster(), .consistency) {
                $0.metadata.name = "mine"
                $0.spec.clusterRef.name = "gone"
            }
            Self.accusing(&inspection)
            _ = try await InspectionReconciler(services: parts.services).reconcile(&inspection)
            #expect(inspection.status.verdict == .diverged)
            #expect(inspection.status.evidence.last?.verdict == .diverged)
            #expect(inspection.status.findings.map(\.code.rawValue) == ["HashesDiffer", "NotObserved"])
            #expect(inspection.metadata.labels[ControllerServices.clusterLabel] == "gone")
        }
    }

    @Test("A cluster's own change of an inspection it owns is stored")
    func ownChange() async throws {
        try await ControllerParts.run { parts in
            var cluster = try await parts.importCluster("a", at: ["http://127.0.0.1:\(try FreePort.next())"])
            for interval in [7, 9] {
                cluster.spec.inspections.health.interval = .seconds(interval)
                _ = try await ClusterReconciler(services: parts.services).reconcile(&cluster)
                let inspection = try await parts.store.get(EtcdInspection.self, named: "a-health", in: "default")
                #expect(inspection.spec.interval == .seconds(interval))
            }
        }
    }
}
