import Glibc
import Model
import TestSupport
import Testing

/// An inspection of which nothing is to be told: not written again and again, and never older than it says.
@Suite(.timeLimit(.minutes(15)))
struct QuietInspectionTests {
    private static func manifest(_ endpoint: String) -> String {
        """
        apiVersion: lodestone.dev/v1alpha1
        kind: EtcdCluster
        metadata: {name: quiet}
        spec:
          provider: Imported
          endpoints: ["\(endpoint)"]
          inspections:
            health: {interval: 1s, timeout: 1s}
            consistency: {enabled: false}
        """
    }

    private func inspection(_ fixture: ControllerFixture) async throws -> EtcdInspection? {
        try await fixture.record(EtcdInspection.self, "quiet-health")
    }

    @Test(
        "Runs that find the same leave the revision alone and show their time; news is written; a kill invents no run")
    func quiet() async throws {
        try await withRealEtcd { etcd in
            try await ControllerFixture.run { fixture, controller in
                try await fixture.apply(Self.manifest(etcd.endpoints[0]))
                try await fixture.waitForCluster("quiet")
                // The last write of the first seconds may be still to come, and a minute later it is written again.
                var (first, last): (EtcdInspection?, EtcdInspection?) = (nil, nil)
                try await eventually("some runs are not written", timeout: .seconds(60)) {
                    last = try await self.inspection(fixture)
                    if first?.metadata.resourceVersion != last?.metadata.resourceVersion { first = last }
                    guard let before = first?.status.history.first, let now = last?.status.history.first else {
                        return false
                    }
                    return now.runs >= before.runs + 5
                }
                let quiet = try #require(last)
                #expect(quiet.status.verdict == .healthy)
                try await eventually("the time of the newest run is shown", timeout: .seconds(30)) {
                    let time = try await self.inspection(fixture)?.status.lastRunTime
                    return time.map { Timestamp.now - $0 < .seconds(30) } ?? false
                }
                let report = try await fixture.succeed("report", "-o", "json")
                #expect(!report.contains("Stale"))

                controller.signal(SIGKILL)
                _ = try await controller.waitForExit()
                let killed = Timestamp.now
                controller = try await fixture.start()
                try await fixture.waitUntilReady()
                let restored = try #require(try await self.inspection(fixture))
                let time = try #require(restored.status.lastRunTime)
                // A run of before the kill, or one that this controller has made since; nothing in the future.
                #expect(time <= Timestamp.now)
                #expect(restored.status.verdict == .healthy)
                try await eventually("it runs again", timeout: .seconds(60)) {
                    try await self.inspection(fixture)?.status.lastRunTime.map { $0 > killed } ?? false
                }

                let version = try await self.inspection(fixture)?.metadata.resourceVersion
                try await etcd.kill(0)
                let news = try await eventually("the end is told", timeout: .seconds(60)) {
                    let seen = try await self.inspection(fixture)
                    return seen?.status.verdict != .healthy ? seen : nil
                }
                #expect(news.metadata.resourceVersion != version)
            }
        }
    }
}
