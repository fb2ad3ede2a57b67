import Model
import Store
import TestSupport
import Testing

@testable import Controller

/// Clusters of which no member answers.
@Suite(.timeLimit(.minutes(10)))
struct SilentClustersTests {
    @Test("Many silent clusters do not delay the inspections of one that lives, however few the workers")
    func many() async throws {
        let silent = try SilentListener()
        var options = ControllerLoops.Options()
        options.workers = 4
        try await withRealEtcd { etcd in
            try await ControllerParts.run(loops: options) { parts in
                for index in 0..<60 {
                    _ = try await parts.importCluster("dead-\(index)", at: [silent.url])
                }
                _ = try await parts.importCluster("live", at: etcd.endpoints) {
                    $0.spec.inspections.health.interval = .seconds(1)
                }
                // Every cluster was seen once.
                try await eventually("all clusters were looked at", timeout: .seconds(60), poll: .milliseconds(200)) {
                    try await parts.store.list(EtcdCluster.self).allSatisfy { $0.status.observedTime != nil }
                }
                var runs: Set<Timestamp> = []
                let clock = ContinuousClock()
                let start = clock.now
                while clock.now - start < .seconds(10) {
                    let inspection = try await parts.store.get(
                        EtcdInspection.self, named: "live-health", in: "default")
                    if let time = inspection.status.lastRunTime { runs.insert(time) }
                    try await clock.sleep(for: .milliseconds(100))
                }
                // Once a second, with room for a machine that others use too.
                #expect(runs.count >= 7, "\(runs.count) runs in 10 s")
                let live = try await parts.store.get(EtcdCluster.self, named: "live", in: "default")
                #expect(live.status.phase == .running)
                let dead = try await parts.store.get(EtcdCluster.self, named: "dead-0", in: "default")
                #expect(dead.status.phase == .unknown)
                #expect(dead.status.conditions[.ready]?.status == .unknown)
            }
        }
    }

    @Test("A silent cluster is told, and that it is back is noticed soon")
    func recovery() async throws {
        try await withRealEtcd { etcd in
            try await ControllerParts.run(loops: ControllerLoops.Options()) { parts in
                _ = try await parts.importCluster("a", at: etcd.endpoints) {
                    $0.spec.inspections.health.interval = .seconds(1)
                    $0.spec.inspections.health.timeout = .seconds(2)
                }
                func wait(for phase: ClusterPhase, _ verdict: Verdict) async throws {
                    try await eventually("\(phase)", timeout: .seconds(60), poll: .milliseconds(100)) {
                        let cluster = try await parts.store.get(EtcdCluster.self, named: "a", in: "default")
                        let health = try await parts.store.get(EtcdInspection.self, named: "a-health", in: "default")
                        return cluster.status.phase == phase && health.status.verdict == verdict
                    }
                }
                try await wait(for: .running, .healthy)
                etcd.pause(0)
                do {
                    try await wait(for: .unknown, .unknown)
                } catch {
                    etcd.resume(0)
                    throw error
                }
                etcd.resume(0)
                try await wait(for: .running, .healthy)
            }
        }
    }

    @Test(
        "A cluster that does not answer is looked at every 30 s at the least, or as seldom as was asked for",
        arguments: [(10, Verdict.unreachable, 30), (10, .healthy, 10), (60, .unreachable, 60)])
    func pace(interval: Int, verdict: Verdict, expected: Int) {
        var inspection = EtcdInspection()
        inspection.spec.interval = .seconds(interval)
        inspection.status.evidence = [
            MemberEvidence(member: "m", endpoint: "", verdict: verdict, figures: [:], message: "")
        ]
        #expect(InspectionReconciler.pace(of: inspection) == .seconds(expected))
    }

    @Test("Of a cluster that does not answer, nothing is compared, and nobody waits for it")
    func comparison() async throws {
        let silent = try SilentListener()
        try await ControllerParts.run { parts in
            let cluster = try await parts.importCluster("a", at: [silent.url])
            var inspection = try await parts.inspect(cluster, .consistency)
            let board = parts.services.observations
            var member = MemberHealth(name: "m", id: 1, endpoint: silent.url, isLearner: false)
            member.status = .failed(EvidenceFailure(.timeout, "no answer within 1.2s"))
            board.put(
                HealthObservation(takenAt: .now, members: [member]), from: board.begin("default/a"), at: "default/a")
            let start = ContinuousClock.now
            _ = try await InspectionReconciler(services: parts.services).reconcile(&inspection)
            #expect(ContinuousClock.now - start < .seconds(5))
            #expect(inspection.status.verdict == .unknown)
            #expect(inspection.status.findings.map(\.code.rawValue) == ["NotCompared"])
            #expect(inspection.status.message == "no member could be compared: no answer within 1.2s")
        }
    }
}
