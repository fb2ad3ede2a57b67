import Etcd
import Inspectors
import Model
import TestSupport
import Testing
import Transport

@testable import Observers

@Suite(.timeLimit(.minutes(15)))
struct ConsistencyObserverTests {
    private func withObserver(_ body: (ConsistencyObserver, HTTPEngine) async throws -> Void) async throws {
        let engine = HTTPEngine(name: "test")
        defer { engine.shutdown() }
        try await body(
            ConsistencyObserver(finder: MemberFinder(engine: engine), pause: .milliseconds(200)), engine)
    }

    private func judge(_ observer: ConsistencyObserver, _ etcd: RealEtcd) async -> Judgement {
        var budget = ComparisonBudget()
        let observation = await observer.observe(
            ClusterTarget(endpoints: etcd.endpoints), named: "test", timeout: .seconds(20), budget: &budget)
        return ConsistencyInspector(thresholds: InspectionThresholds()).inspect(observation)
    }

    @Test("Members that agree are consistent, with the number of keys")
    func agreement() async throws {
        try await withRealEtcd(members: 3) { etcd in
            try await withObserver { observer, engine in
                let client = EtcdClient(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
                for index in 0..<50 {
                    _ = try await client.put("key-\(index)", "value")
                }
                let judgement = await judge(observer, etcd)
                #expect(judgement.verdict == .consistent, "\(judgement)")
                #expect(judgement.evidence.allSatisfy { $0.figures["keys"] == "50" })
                #expect(Set(judgement.evidence.compactMap { $0.figures["hash"] }).count == 1)
                // A cluster that rests behind a compaction of all there is can be compared as any other.
                try await client.compact(at: try await client.status().header.revision, isPhysical: true)
                let compacted = await judge(observer, etcd)
                #expect(compacted.verdict == .consistent, "\(compacted)")
            }
        }
    }

    @Test("A member that is down is not compared, and the verdict is unknown")
    func memberDown() async throws {
        try await withRealEtcd(members: 3) { etcd in
            try await withObserver { observer, _ in
                _ = await judge(observer, etcd)
                try await etcd.kill(1)
                let judgement = await judge(observer, etcd)
                #expect(judgement.verdict == .unknown, "\(judgement)")
                #expect(judgement.findings.contains { $0.code == .notCompared && $0.members == ["m1"] })
            }
        }
    }

    @Test("A member that does not answer is waited for once, and the others are compared")
    func memberFrozen() async throws {
        try await withRealEtcd(members: 3) { etcd in
            try await withObserver { observer, _ in
                _ = await judge(observer, etcd)
                etcd.pause(1)
                defer { etcd.resume(1) }
                let start = ContinuousClock.now
                let judgement = await judge(observer, etcd)
                // One Status that is not answered takes 5 s.
                #expect(ContinuousClock.now - start < .seconds(60))
                #expect(judgement.findings.first { $0.code == .notCompared }?.members == ["m1"], "\(judgement)")
                #expect(judgement.evidence.count { $0.figures["hash"] != nil } == 2)
            }
        }
    }

    @Test("No member is accused while thousands of writes, deletes and compactions go on")
    func noFalseAlarm() async throws {
        try await withRealEtcd(members: 3) { etcd in
            try await withObserver { observer, engine in
                let client = EtcdClient(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
                await withThrowingTaskGroup(of: Void.self) { group in
                    for writer in 0..<8 {
                        group.addTask {
                            var count = 0
                            while !Task.isCancelled {
                                count += 1
                                let key = "w\(writer)-\(count % 500)"
                                let header = try await client.put(key, "value-\(count)").header
                                if count % 7 == 0 { _ = try await client.delete(.key(key)) }
                                if writer == 0, count % 200 == 0 {
                                    _ = try? await client.compact(at: header.revision - 100)
                                }
                            }
                        }
                    }
                    for _ in 0..<8 {
                        let judgement = await judge(observer, etcd)
                        // Compactions may leave nothing to compare; a difference must never be seen.
                        #expect([.consistent, .unknown].contains(judgement.verdict), "\(judgement)")
                        #expect(!judgement.findings.contains { [.hashesDiffer, .keyCountsDiffer].contains($0.code) })
                    }
                    group.cancelAll()
                    while let result = await group.nextResult() {
                        if case .failure(let error as EtcdError) = result {
                            #expect(error.code == .cancelled, "\(error)")
                        }
                    }
                }
            }
        }
    }

    @Test("A value byte flipped on the disk of one member names that member", arguments: 0..<3)
    func flippedByte(victim: Int) async throws {
        try await withRealEtcd(members: 3) { etcd in
            try await withObserver { observer, engine in
                let client = EtcdClient(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
                for index in 0..<200 {
                    _ = try await client.put("key-\(index)", "needle-\(index)-in-the-haystack")
                }
                #expect(await judge(observer, etcd).verdict == .consistent)
                try await etcd.stop(victim)
                #expect(try damage(etcd.members[victim].dataDirectory + "/member/snap/db", at: "needle-123-in") > 0)
                try await etcd.restart(victim)
                try await eventually(timeout: .seconds(30)) {
                    let judgement = await judge(observer, etcd)
                    return judgement.verdict == .diverged
                        && judgement.findings.first { $0.code == .hashesDiffer }?.members == ["m\(victim)"]
                }
            }
        }
    }
}
