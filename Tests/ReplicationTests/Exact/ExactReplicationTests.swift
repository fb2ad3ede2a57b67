import Etcd
import Glibc
import Synchronization
import TestSupport
import Testing
import Transport

@testable import Replication

/// The whole of it on real clusters: whatever happens, both ends are the same in the end.
@Suite(.serialized, .timeLimit(.minutes(Soak.isLong ? 60 : 5)))
struct ExactReplicationTests {
    static let settings: [ExactSetting] = {
        var settings = [ExactSetting(), ExactSetting(hasTLS: true), ExactSetting(hasAuthentication: true)]
        settings.append(ExactSetting(members: (3, 3)))
        if RealEtcd.isAvailable(.v3_5) {
            settings.append(ExactSetting(destination: .v3_5))
            settings.append(ExactSetting(source: .v3_5, destination: .v3_4, members: (1, 3)))
        }
        return settings
    }()

    @Test("Under random writes the destination becomes the source, hash by hash, lease by lease", arguments: settings)
    func workload(setting: ExactSetting) async throws {
        let seed = Soak.seed("exact, \(setting.description)")
        for round in 0..<Soak.rounds(1, long: 20) {
            try await withExactPair(
                setting,
                writing: { client in
                    var early = ExactWorkload(cluster: EtcdEndpoints(client))
                    early.hasShortLeases = !setting.hasAuthentication
                    try await early.runOn(seed: seed)
                }
            ) { pair in
                try await pair.whileReplicating { report in
                    var workload = ExactWorkload(cluster: pair.from)
                    workload.hasShortLeases = !setting.hasAuthentication
                    try await workload.run(Soak.rounds(250, long: 1500), seed: seed &+ UInt64(round))
                    let evidence = try await pair.prove(report, freezes: !setting.hasAuthentication)
                    #expect(evidence.source.count == setting.members.source)
                    #expect(evidence.destination.count == setting.members.destination)
                    #expect(evidence.leasesCompared > 0)
                    #expect(!setting.hasAuthentication || evidence.usersCompared == 1 && evidence.rolesCompared >= 1)
                    // The leases that ran out while the source was frozen end now, and that is brought over too.
                    try await eventually("nothing waits") { report.now.lag == .zero }
                }
            }
        }
    }

    @Test("Ended at random moments it goes on exactly where it was")
    func killed() async throws {
        let seed = Soak.seed("ended replication")
        try await withExactPair { pair in
            let report = ExactPair.Report()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await ExactWorkload(cluster: pair.from, hasShortLeases: false, kept: nil).runOn(seed: seed)
                }
                for _ in 0..<Soak.rounds(5, long: 20) {
                    let replication = Task { try await pair.replicate(report) }
                    try await Task.sleep(for: .milliseconds(Int.random(in: 50...900)))
                    replication.cancel()
                    let end = await replication.result
                    #expect(throws: CancellationError.self) { try end.get() }
                }
                group.cancelAll()
                while (try? await group.next()) != nil {}
            }
            try await pair.whileReplicating { _ = try await pair.prove($0) }
        }
    }

    @Test("Members of both ends are killed and stopped, and nothing is lost or done twice")
    func faults() async throws {
        let seed = Soak.seed("killed members")
        try await withExactPair(ExactSetting(members: (3, 3))) { pair in
            try await pair.whileReplicating { report in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    // A leader that stood still ends leases that its successor has renewed (etcd issue 15247).
                    group.addTask {
                        try await ExactWorkload(cluster: pair.from, hasShortLeases: false).runOn(seed: seed)
                    }
                    for _ in 0..<Soak.rounds(1, long: 20) {
                        for cluster in [(pair.source, pair.from), (pair.destination, pair.to)] {
                            try await Task.sleep(for: .milliseconds(Int.random(in: 100...600)))
                            let victim = try await leader(of: cluster.1)
                            try await cluster.0.kill(victim)
                            try await Task.sleep(for: .milliseconds(Int.random(in: 100...600)))
                            try await cluster.0.launch(victim)
                            try await cluster.0.waitUntilHealthy([victim])
                        }
                        let paused = Int.random(in: 0..<3)
                        pair.destination.pause(paused)
                        try await Task.sleep(for: .seconds(3))
                        pair.destination.resume(paused)
                    }
                    group.cancelAll()
                    while (try? await group.next()) != nil {}
                }
                try await pair.source.waitUntilHealthy()
                try await pair.destination.waitUntilHealthy()
                _ = try await pair.prove(report)
            }
        }
    }

    @Test("A member that hangs does not cost the leases that others can renew")
    func hangingMember() async throws {
        try await withExactPair(ExactSetting(members: (1, 3))) { whole in
            let leader = try await leader(of: whole.to)
            let hanging = (leader + 1) % 3
            // The one that is asked first.
            let clients = whole.to.clients
            let to = EtcdEndpoints(clients[hanging], clients.indices.filter { $0 != hanging }.map { clients[$0] })
            let pair = ExactPair(whole, to: to)
            try await pair.whileReplicating { report in
                let source = pair.from.clients[0]
                let lease = try await source.leaseGrant(timeToLive: .seconds(4))
                let revision = try await source.put("/renewed", "x", lease: .id(lease.id)).header.revision
                try await eventually("the lease is there") { report.now.applied >= revision }
                pair.destination.pause(hanging)
                for _ in 0..<7 {
                    try await Task.sleep(for: .seconds(1))
                    // Should it have ended here, on a machine that stood still, it ends there as well.
                    _ = try? await source.leaseKeepAliveOnce(lease.id)
                }
                pair.destination.resume(hanging)
                try await pair.destination.waitUntilHealthy()
                _ = try await pair.prove(report)
            }
        }
    }

    private func leader(of cluster: EtcdEndpoints) async throws -> Int {
        try await eventually("there is a leader", timeout: .seconds(20)) {
            for (index, client) in cluster.clients.enumerated() {
                // A member that does not answer does not lead.
                if let status = try? await client.status(timeout: .seconds(1)), status.isLeader { return index }
            }
            return nil
        }
    }

    @Test("A stranger's write to the destination ends it, busy or idle", arguments: [true, false])
    func stranger(isBusy: Bool) async throws {
        try await withExactPair { pair in
            let report = ExactPair.Report()
            let error = await #expect(throws: ReplicationError.self) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    defer { group.cancelAll() }
                    group.addTask { try await pair.replicate(report) }
                    if isBusy {
                        let workload = ExactWorkload(cluster: pair.from, hasShortLeases: false, kept: nil)
                        group.addTask { try await workload.runOn(seed: 5) }
                    }
                    group.addTask {
                        try await eventually("it replicates") { report.now.applied > 0 }
                        try await pair.to.clients[0].put("stranger", "x")
                        try await Task.sleep(for: .seconds(120))
                    }
                    try await group.next()
                }
            }
            #expect(error?.code == .diverged, "\(String(describing: error))")
            // It is no better the next time.
            if isBusy {
                let again = await #expect(throws: ReplicationError.self) { try await pair.replicate(report) }
                #expect(again?.code == .diverged)
            }
        }
    }

    @Test("A source that has compacted what was not recorded is told as that")
    func compacted() async throws {
        try await withExactPair { pair in
            for _ in 0..<20 { try await pair.from.clients[0].put("a", "b") }
            let head = try await ClusterHead.read(pair.from).revision
            try await pair.from.clients[0].compact(at: head)
            let error = await #expect(throws: ReplicationError.self) { try await pair.replicate(ExactPair.Report()) }
            #expect(error?.code == .compacted)
        }
    }

    @Test("A destination that is not ours is refused before anything is written to it")
    func wrongDestination() async throws {
        try await withExactPair { pair in
            try await withRealEtcd { other in
                let client = EtcdClient(engine: pair.engine, endpoint: try .init(url: other.endpoints[0]))
                for number in 0..<200 { try await client.put("x", "\(number)") }
                for number in 0..<300 { try await pair.from.clients[0].put("y", "\(number)") }
                let spool = try RevisionSpool(directory: pair.spoolDirectory)
                let replication = ExactReplication(source: pair.from, destination: EtcdEndpoints(client), spool: spool)
                let error = await #expect(throws: ReplicationError.self) { try await replication.run() }
                #expect(error?.code == .diverged)
                #expect(try await client.count(.all) == 1)
            }
        }
    }

    @Test("What comes late while a revision is checked is not taken for a stranger's")
    func lateArrival() async throws {
        try await withExactPair { pair in
            let source = pair.from.clients[0]
            let revision = try await source.put("late", "x").header.revision
            try await source.deleteRange(DeleteRangeRequest(.key("late")))
            try await pair.whileReplicating { _ in }
            let board = ReplayBoard()
            let keeper = LeaseKeeper(source: pair.from, destination: pair.to, board: board, interval: .seconds(1))
            let spool = try RevisionSpool(directory: pair.spoolDirectory)
            let replay = try ExactReplay(
                destination: pair.to, spool: spool, options: ExactReplication.Options(), leases: keeper, board: board)
            // The destination has the deletion already.
            try await replay.verifyEvent(at: revision)
        }
    }

    @Test("A write at the source is brought over by itself, and does not wait for others")
    func latency() async throws {
        try await withExactPair { pair in
            try await pair.whileReplicating { report in
                let clock = ContinuousClock()
                var waits: [Duration] = []
                for number in 0..<40 {
                    let revision = try await pair.from.clients[0].put("k", "\(number)").header.revision
                    let start = clock.now
                    try await eventually("it is applied", poll: .milliseconds(1)) { report.now.applied >= revision }
                    waits.append(clock.now - start)
                }
                print("from acknowledged at the source to reported as applied: median \(waits.sorted()[20])")
                #expect(waits.sorted()[20] < .seconds(2))
            }
        }
    }
}
