import Etcd
import TestSupport
import Testing
import Transport

@testable import Replication

@Suite(.timeLimit(.minutes(10)))
struct ExactProofTests {
    @Test("Every planted difference is found, and none where there is none")
    func differences() async throws {
        try await withExactPair { pair in
            let (source, destination) = (pair.from.clients[0], pair.to.clients[0])
            // Written to both by hand, so that both stand at one revision.
            let proof = ExactProof(source: pair.from, destination: pair.to)
            let base = try await ClusterHead.read(pair.from).revision
            #expect(try await ClusterHead.read(pair.to).revision == base)
            #expect(try await proof.prove(at: base).isEqual)

            try await source.put("a", "1")
            try await destination.put("a", "2")
            let different = try await proof.prove(at: base + 1)
            #expect(different.differences.count == 1)
            guard case .hash = different.differences.first else {
                Issue.record("\(different.differences)")
                return
            }
            #expect(try await proof.proveKeyspace(at: base).isEqual, "the past is still the same")

            _ = try await source.leaseGrant(timeToLive: .seconds(100), id: 5)
            _ = try await destination.leaseGrant(timeToLive: .seconds(100), id: 6)
            _ = try await source.leaseGrant(timeToLive: .seconds(100), id: 7)
            _ = try await destination.leaseGrant(timeToLive: .seconds(200), id: 7)
            try await source.put("leased", "1", lease: .id(7))
            try await destination.put("unleased", "1")
            try await source.userAdd("one", password: "x")
            try await source.roleAdd("both")
            try await destination.roleAdd("both")
            try await destination.roleGrantPermission("both", EtcdPermission(.read, on: .key("a")))
            let found = try await proof.prove(at: base + 2).differences
            #expect(found.contains(.leaseMissing(5)))
            #expect(found.contains(.leaseUnexpected(6)))
            #expect(found.contains(.leaseTimeToLive(7, source: 100, destination: 200)))
            #expect(found.contains(.leaseKeys(7, onlyAtSource: 1, onlyAtDestination: 0)))
            #expect(found.contains(.user("one")))
            #expect(found.contains(.role("both")))
            #expect(found.count == 7)
        }
    }

    @Test("The destination is compacted to the source before hashes are compared, and a lead of its own is told")
    func compaction() async throws {
        try await withExactPair { pair in
            try await pair.whileReplicating { report in
                for number in 0..<50 { try await pair.from.clients[0].put("k", "\(number)") }
                let head = try await ClusterHead.read(pair.from).revision
                try await pair.from.clients[0].compact(at: head - 10)
                let evidence = try await pair.prove(report)
                #expect(evidence.destination.first?.compactRevision == head - 10)
                try await pair.to.clients[0].compact(at: head - 5)
                let ahead = try await ExactProof(source: pair.from, destination: pair.to).prove(at: head)
                #expect(
                    ahead.differences == [
                        .compaction(member: pair.to.clients[0].endpoint.url, expected: head - 10, found: head - 5)
                    ])
            }
        }
    }

    @Test("The freeze stops writes, deletions and the expiry of leases, is recognised, and is lifted")
    func freeze() async throws {
        try await withRealEtcd { etcd in
            let pair = try await Self.client(etcd)
            let client = pair.clients[0]
            let freeze = SourceFreeze(pair)
            try await client.put("a", "1")
            let lease = try await client.leaseGrant(timeToLive: .seconds(5))
            try await client.put("b", "1", lease: .id(lease.id))
            try await freeze.activate()
            try await freeze.activate()
            #expect(try await freeze.isActive())
            let revision = try await ClusterHead.read(pair).revision
            await #expect(throws: EtcdError.self) { try await client.put("a", "2") }
            await #expect(throws: EtcdError.self) { try await client.deleteRange(DeleteRangeRequest(.key("a"))) }
            await #expect(throws: EtcdError.self) { try await client.leaseGrant(timeToLive: .seconds(9)) }
            try await eventually("the lease has run out") {
                try await client.leaseTimeToLive(lease.id).remaining < .seconds(-1)
            }
            #expect(try await ClusterHead.read(pair).revision == revision)
            #expect(try await SourceFreeze(pair).isActive(), "also for who comes after a crash")
            let other = SourceFreeze(pair, tag: SourceFreeze.commonTag + 1)
            #expect(try await !other.isActive())
            // Nobody lifts what another froze, and nobody freezes it a second time.
            try await other.deactivate()
            #expect(try await freeze.isActive())
            let refusal = await #expect(throws: ReplicationError.self) { try await other.activate() }
            #expect(refusal?.description.contains("another migration") ?? false, "\(String(describing: refusal))")
            // Unless it is the earlier one of the same owner.
            try await other.activate(insteadOf: SourceFreeze.commonTag)
            #expect(try await other.isActive())
            #expect(try await !freeze.isActive())
            try await freeze.activate(insteadOf: SourceFreeze.commonTag + 1)
            #expect(try await client.alarms().count == 1)
            try await freeze.deactivate()
            #expect(try await !freeze.isActive())
            try await client.put("a", "3")
            try await freeze.deactivate()
        }
    }

    @Test("A source with authentication, or with an alarm of its own, is not frozen")
    func refusals() async throws {
        try await withRealEtcd { etcd in
            let plain = try await Self.client(etcd)
            let client = plain.clients[0]
            try await client.activateAlarm(EtcdAlarm(memberID: 9, kind: .noSpace))
            let alarmed = await #expect(throws: ReplicationError.self) { try await SourceFreeze(plain).activate() }
            #expect(alarmed?.code == .unsupported)
            try await client.deactivateAlarm(EtcdAlarm(memberID: 9, kind: .noSpace))
            try await client.userAdd("root", password: "secret")
            try await client.roleAdd("root")
            try await client.userGrantRole("root", role: "root")
            #expect(try await !SourceFreeze(plain).hasAuthentication())
            try await client.authEnable()
            let secured = try await Self.client(etcd, EtcdCredentials(user: "root", password: "secret"))
            let error = await #expect(throws: ReplicationError.self) { try await SourceFreeze(secured).activate() }
            #expect(error?.code == .unsupported)
            #expect(try await secured.clients[0].alarms().isEmpty)
        }
    }

    private static let engine = HTTPEngine(name: "freeze")

    private static func client(_ etcd: RealEtcd, _ credentials: EtcdCredentials? = nil) async throws -> EtcdEndpoints {
        EtcdEndpoints(
            EtcdClient(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]), credentials: credentials))
    }
}
