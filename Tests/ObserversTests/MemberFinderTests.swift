import Etcd
import TestSupport
import Testing
import Transport

@testable import Observers

@Suite(.timeLimit(.minutes(2)))
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
}
