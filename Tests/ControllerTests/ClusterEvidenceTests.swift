import Model
import TestSupport
import Testing

@testable import Controller

/// How old the evidence may be on which a cluster's Ready rests.
@Suite(.timeLimit(.minutes(10)))
struct ClusterEvidenceTests {
    private static func cluster(
        interval: Duration?, enabled: Bool = true, phase: ClusterPhase = .running, unreadyFor seconds: Int64 = 0
    ) -> EtcdCluster {
        var cluster = EtcdCluster()
        cluster.spec.inspections.health.interval = interval
        cluster.spec.inspections.health.enabled = enabled
        cluster.status.phase = phase
        cluster.status.conditions.set(
            Condition(.ready, .false, reason: "x", message: "x"), at: now - .seconds(seconds), generation: 1)
        return cluster
    }

    private static let now = Timestamp(secondsSinceEpoch: 1_800_000_000)

    @Test(
        "Evidence may be two intervals old, and never as old as a minute",
        arguments: [(nil, true, 20), (2, true, 4), (3600, true, 50), (86400, true, 50), (3600, false, 50)]
            as [(Int?, Bool, Int)])
    func oldest(interval: Int?, enabled: Bool, expected: Int) {
        let cluster = Self.cluster(interval: interval.map { .seconds($0) }, enabled: enabled)
        #expect(ClusterReconciler.oldestEvidence(for: cluster, at: Self.now) == .seconds(expected))
        #expect(cluster.lookInterval <= EtcdCluster.longestLookInterval)
    }

    @Test("A cluster that does not run is looked at sooner, whatever the interval")
    func notRunning() {
        let cluster = Self.cluster(interval: .seconds(3600), phase: .unknown)
        #expect(ClusterReconciler.oldestEvidence(for: cluster, at: Self.now) == .seconds(1))
    }

    @Test("An inspection that runs every hour does not let Ready rest on what was seen a minute ago")
    func hourly() async throws {
        try await ControllerParts.run { parts in
            let port = try FreePort.next()
            var cluster = try await parts.importCluster("a", at: ["http://127.0.0.1:\(port)"]) {
                $0.spec.inspections.health.interval = .seconds(3600)
            }
            cluster.status.phase = .running
            var member = MemberHealth(name: "m", id: 1, endpoint: cluster.spec.endpoints[0], isLearner: false)
            member.status = .answered(
                Timed(
                    StatusSample(
                        clusterID: 7, memberID: 1, version: "3.4.23", leader: 1, raftTerm: 1, raftIndex: 1,
                        raftAppliedIndex: 1, revision: 1, dbSize: 1, dbSizeInUse: 1, isLearner: false), .zero))
            member.linearizableRead = .answered(.zero)
            let board = parts.services.observations
            let key = "default/a"
            for (age, status) in [(20, ConditionStatus.true), (55, .unknown)] {
                let seen = HealthObservation(takenAt: .now - .seconds(age), members: [member])
                board.put(seen, from: board.begin(key), at: key)
                _ = try await ClusterReconciler(services: parts.services).reconcile(&cluster)
                #expect(cluster.status.conditions[.ready]?.status == status)
            }
        }
    }
}
