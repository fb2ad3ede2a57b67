import Etcd
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct LeaseTests {
    @Test("Leases are granted, listed, looked at, renewed and revoked", arguments: RealEtcd.availableVersions)
    func life(_ version: RealEtcd.Version) async throws {
        try await withRealEtcd(version: version) { etcd in
            let client = try etcd.client()
            let chosen = try await client.leaseGrant(timeToLive: .milliseconds(59_500), id: 4_711)
            #expect(chosen.id == 4_711)
            #expect(chosen.timeToLive == .seconds(60))
            let other = try await client.leaseGrant(timeToLive: .seconds(30))
            #expect(other.id != 0)
            #expect(Set(try await client.leases()) == [4_711, other.id])
            let exists = await #expect(throws: EtcdError.self) {
                try await client.leaseGrant(timeToLive: .seconds(30), id: 4_711)
            }
            #expect(exists?.code == .leaseExists)

            try await client.put("k1", "v", lease: .id(4_711))
            try await client.put("k2", "v", lease: .id(4_711))
            let status = try await client.leaseTimeToLive(4_711, includesKeys: true)
            #expect(status.exists)
            #expect(status.granted == .seconds(60))
            #expect(status.remaining > .seconds(10) && status.remaining <= .seconds(60))
            #expect(Set(status.keys) == [bytes("k1"), bytes("k2")])
            #expect(try await client.leaseKeepAliveOnce(4_711).timeToLive == .seconds(60))

            try await client.leaseRevoke(4_711)
            #expect(try await client.count(.all) == 0)
            #expect(try await !client.leaseTimeToLive(4_711).exists)
            for call in [client.revoke, client.renew] {
                let gone = await #expect(throws: EtcdError.self) { try await call(4_711) }
                #expect(gone?.code == .leaseNotFound)
            }
        }
    }

    @Test("A lease that is kept alive outlives its time, until its keeper is cancelled")
    func keepAlive() async throws {
        try await withRealEtcd { etcd in
            let client = try etcd.client()
            let lease = try await client.leaseGrant(timeToLive: .seconds(9))
            try await client.put("k", "v", lease: .id(lease.id))
            let clock = ContinuousClock()
            let start = clock.now
            let keeper = Task { try await client.leaseKeepAlive(lease.id, timeToLive: lease.timeToLive) }
            try await eventually("the lease has lived longer than granted", poll: .milliseconds(200)) {
                let pair = try await client.get("k")
                #expect(pair != nil)
                return clock.now > start + .seconds(10)
            }
            keeper.cancel()
            let error = await #expect(throws: EtcdError.self) { try await keeper.value }
            #expect(error?.code == .cancelled)
        }
    }

    @Test("Keeping a lease alive fails when the lease is revoked")
    func revocation() async throws {
        try await withRealEtcd { etcd in
            let client = try etcd.client()
            let lease = try await client.leaseGrant(timeToLive: .seconds(6))
            let keeper = Task { try await client.leaseKeepAlive(lease.id, timeToLive: lease.timeToLive) }
            try await client.leaseRevoke(lease.id)
            let error = await #expect(throws: EtcdError.self) { try await keeper.value }
            #expect(error?.code == .leaseNotFound)
        }
    }
}

extension EtcdClient {
    fileprivate func revoke(_ id: Int64) async throws { try await leaseRevoke(id) }
    fileprivate func renew(_ id: Int64) async throws { try await leaseKeepAliveOnce(id) }
}
