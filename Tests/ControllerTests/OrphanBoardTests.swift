import Model
import Nodes
import Testing

@testable import Controller

struct OrphanBoardTests {
    private static func home(_ place: String, pid: Int32? = nil) throws -> MemberHome {
        MemberHome(
            directory: try MemberDirectory("/data/members/\(place)"), owner: nil, pid: pid,
            clientURL: pid == nil ? "" : "http://127.0.0.1:1", holdsData: true)
    }

    @Test("Nothing is told before anybody has looked, and a home is news once")
    func news() throws {
        let board = OrphanBoard()
        #expect(board.metrics.isEmpty && board.findings.isEmpty)
        let homes = [try Self.home("default/orders/x/orders-0", pid: 7), try Self.home("default/orders/x/orders-1")]
        #expect(board.put(homes) == homes)
        #expect(board.put(homes).isEmpty)
        #expect(board.metrics.count == 1)
    }

    @Test("Running members are critical and come first, data alone is a warning")
    func findings() throws {
        let board = OrphanBoard()
        _ = board.put([
            try Self.home("default/a/x/a-0"), try Self.home("default/b/x/b-0", pid: 7),
            try Self.home("default/b/x/b-1", pid: 8),
        ])
        let findings = board.findings
        #expect(findings.map(\.severity) == [.critical, .warning])
        #expect(findings[0].message.contains("2 members of cluster default/b, of which 2 run (process 7, 8)"))
        #expect(findings[1].message.contains("/data/members/default/a/x/a-0"))
    }

    @Test("A record claims the homes of its own incarnation and members")
    func claims() {
        var cluster = EtcdCluster()
        cluster.metadata = ObjectMeta(name: "orders", namespace: "default")
        cluster.status.incarnation = "x"
        var member = MemberStatus()
        member.name = "orders-0"
        member.peerURL = "http://127.0.0.1:2"
        cluster.status.members = [member, MemberStatus()]
        #expect(OrphanWatch.claims(of: cluster) == [["default", "orders", "x", "orders-0"]])
        cluster.spec.provider = .imported
        #expect(OrphanWatch.claims(of: cluster).isEmpty)
    }
}
