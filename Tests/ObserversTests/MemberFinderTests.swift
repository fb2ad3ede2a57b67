import Etcd
import Model
import TestSupport
import Testing
import Transport

@testable import Observers

@Suite(.timeLimit(.minutes(10)))
struct MemberFinderTests {
    @Test("A replaced password and a deleted cluster leave no connections behind")
    func rotation() async throws {
        try await withRealEtcd(members: 3) { etcd in
            let engine = HTTPEngine(name: "test")
            defer { engine.shutdown() }
            let finder = MemberFinder(engine: engine)
            var target = ClusterTarget(endpoints: etcd.endpoints)
            for round in 0..<3 {
                // To plain URLs it changes nothing but which connections belong to the record.
                target.tls = TLSOptions(serverName: "round-\(round)")
                let found = await finder.members(of: target, named: "test", timeout: .seconds(10))
                #expect(found.members.count == 3 && found.problem == nil)
                #expect(finder.clientCount == 3)
            }
            finder.forget("test")
            #expect(finder.clientCount == 0)
        }
    }

    @Test("Endpoints of two clusters: the record's own is found whoever answers first, and the other one is told")
    func twoClusters() async throws {
        try await withRealEtcd { own in
            try await withRealEtcd { foreign in
                let engine = HTTPEngine(name: "test")
                defer { engine.shutdown() }
                let finder = MemberFinder(engine: engine)
                var target = ClusterTarget(endpoints: [foreign.endpoints[0], own.endpoints[0]])
                let undecided = await finder.members(of: target, named: "test", timeout: .seconds(5))
                #expect(undecided.members.map(\.endpoint).sorted() == target.endpoints.sorted())
                #expect(undecided.strangers.map(\.endpoint).sorted() == target.endpoints.sorted())
                target.expectedClusterID = try #require(
                    undecided.strangers.first { $0.endpoint == own.endpoints[0] }?.clusterID)
                for _ in 0..<20 {
                    let found = await finder.members(of: target, named: "test", timeout: .seconds(5))
                    #expect(found.members.map(\.endpoint) == own.endpoints)
                    #expect(found.strangers.map(\.endpoint) == foreign.endpoints)
                }
                // Where the own cluster is silent, the foreign one does not take its place, known before or not.
                own.pause(0)
                defer { own.resume(0) }
                for name in ["test", "new"] {
                    let start = ContinuousClock.now
                    let silent = await finder.members(of: target, named: name, timeout: .seconds(1))
                    #expect(silent.members.map(\.endpoint) == own.endpoints)
                    #expect(silent.strangers.map(\.endpoint) == foreign.endpoints)
                    #expect(ContinuousClock.now - start < .seconds(20))
                }
            }
        }
    }
}
