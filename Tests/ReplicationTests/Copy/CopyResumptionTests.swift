import Etcd
import Replication
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(20)), .serialized)
struct CopyResumptionTests {
    @Test(
        "A copy that is ended at random moments and begun again ends with the same keys", arguments: CopyEnds.versions)
    func kills(_ from: RealEtcd.Version, _ to: RealEtcd.Version) async throws {
        let seed = Soak.seed("copy ended at random moments")
        try await CopyEnds.with(from: from, to: to) { ends in
            var random = SeededRandom(seed: seed)
            let client = try ends.from().preferred
            try await ends.from().bulkWrite { writer in
                for index in 0..<10_000 { try await writer.put(text("/load/static/\(index)"), text("\(index)")) }
            }
            let copy = CopyReplication(source: try ends.from(), destination: try ends.to(), name: "m")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    var writer = RandomWriter(client, seed: seed &+ 1)
                    try await writer.run(steps: Soak.rounds(600, long: 8_000))
                }
                for round in 0..<Soak.rounds(6, long: 20) {
                    // The first rounds end in the bulk phase, later ones somewhere in the tail.
                    let time = Duration.milliseconds(Int.random(in: 5...(round < 2 ? 120 : 600), using: &random))
                    try await whileCopying(copy) { _ in try await Task.sleep(for: time) }
                }
                try await group.waitForAll()
            }
            try await expectEqual(ends, copy)
        }
    }

    @Test("A cut network and a restart of either end are waited for", arguments: [false, true])
    func cutNetwork(_ isAtSource: Bool) async throws {
        try await CopyEnds.with { ends in
            let client = try ends.from().preferred
            let member = isAtSource ? ends.source : ends.destination
            try await FaultyProxy.with(to: member.members[0].clientPort) { proxy in
                let port = proxy.port
                var options = CopyReplication.Options()
                options.timeout = .seconds(2)
                let copy = CopyReplication(
                    source: try ends.from(port: isAtSource ? port : nil),
                    destination: try ends.to(port: isAtSource ? nil : port), name: "m", options: options)
                try await whileCopying(copy) { witness in
                    try await witness.wait("the tail is reached") { $0.phase == .tail }
                    try await client.put("k/1", "before")
                    try await witness.waitUntilEqual(ends)
                    proxy.set(.cut(afterBytes: 0))
                    let revision = try await client.put("k/2", "cut").header.revision
                    try await witness.wait("it says that it waits") { $0.waiting != nil }
                    #expect(witness.progress.applied < revision)
                    proxy.set(.none)
                    try await witness.waitUntilEqual(ends)
                    try await member.kill(0)
                    try await member.launch(0)
                    try await member.waitUntilHealthy()
                    try await client.put("k/3", "after")
                    try await witness.waitUntilEqual(ends)
                    #expect(witness.progress.differenceRuns == 0)
                    let contents = try await ends.contents()
                    #expect(contents.source == contents.destination && contents.source.count == 3)
                }
            }
        }
    }

    @Test("The leader of the destination is killed again and again while changes are applied")
    func killedLeader() async throws {
        let seed = Soak.seed("destination whose leader is killed")
        try await withRealEtcd { source in
            try await withRealEtcd(members: 3) { destination in
                let ends = CopyEnds(source: source, destination: destination)
                let client = try ends.from().preferred
                var options = CopyReplication.Options()
                options.timeout = .seconds(3)
                let copy = CopyReplication(
                    source: try ends.from(), destination: try ends.to(), name: "m", options: options)
                try await whileCopying(copy) { witness in
                    try await witness.wait("the tail is reached") { $0.phase == .tail }
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask {
                            var writer = RandomWriter(client, seed: seed)
                            try await writer.run(steps: Soak.rounds(400, long: 8_000))
                        }
                        for _ in 0..<Soak.rounds(2, long: 20) {
                            let clients = try ends.to().clients
                            let leader = try await clients[0].status().leader
                            for (index, client) in clients.enumerated()
                            where try await client.status().header.memberID == leader {
                                try await destination.kill(index)
                                try await Task.sleep(for: .milliseconds(500))
                                try await destination.launch(index)
                            }
                            try await destination.waitUntilHealthy()
                        }
                        try await group.waitForAll()
                    }
                    try await witness.waitUntilEqual(ends)
                }
                try await expectEqual(ends, copy)
            }
        }
    }

    @Test("A compaction that has passed the checkpoint is mended by comparing both sides")
    func compactionWhileAway() async throws {
        try await CopyEnds.with { ends in
            let client = try ends.from().preferred
            for index in 0..<2_000 { try await client.put("k/\(index % 1_000)", "\(index)") }
            let copy = CopyReplication(source: try ends.from(), destination: try ends.to(), name: "m")
            try await whileCopying(copy) { try await $0.waitUntilEqual(ends) }
            let before = try await ends.to().preferred.status().header.revision
            try await client.deleteRange(DeleteRangeRequest(.prefix("k/1")))
            try await client.put("k/5", "newer")
            let last = try await client.put("k/new", "new").header.revision
            try await client.compact(at: last)
            try await whileCopying(copy) { witness in
                try await witness.waitUntilEqual(ends)
                #expect(witness.phases == [.tail, .difference, .tail])
                #expect(witness.progress.differenceRuns == 1)
            }
            let contents = try await ends.contents()
            #expect(contents.source == contents.destination)
            // Only what differs was written: 111 deletions and two keys in one or two transactions, and checkpoints.
            #expect(try await ends.to().preferred.status().header.revision < before + 12)
        }
    }

    @Test("Compactions all the time, while every key is written and while changes are followed")
    func compactions() async throws {
        let seed = Soak.seed("copy under compactions")
        try await CopyEnds.with { ends in
            let client = try ends.from().preferred
            try await ends.from().bulkWrite { writer in
                for index in 0..<10_000 { try await writer.put(text("/load/static/\(index)"), text("\(index)")) }
            }
            let copy = CopyReplication(source: try ends.from(), destination: try ends.to(), name: "m")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    var writer = RandomWriter(client, seed: seed)
                    try await writer.run(steps: Soak.rounds(600, long: 6_000), compacts: true)
                }
                for _ in 0..<3 { try await whileCopying(copy) { _ in try await Task.sleep(for: .milliseconds(400)) } }
                try await group.waitForAll()
            }
            try await expectEqual(ends, copy)
        }
    }

    @Test("Keys whose leases ended while nobody renewed them come back", arguments: [false, true])
    func lostLeases(_ isAnotherBrought: Bool) async throws {
        try await CopyEnds.with { ends in
            let (source, target) = (try ends.from().preferred, try ends.to().preferred)
            let lease = try await source.leaseGrant(timeToLive: .seconds(90))
            try await source.put(PutRequest("leased", "x", lease: .id(lease.id)))
            let copy = CopyReplication(source: try ends.from(), destination: try ends.to(), name: "m")
            try await whileCopying(copy) { try await $0.waitUntilEqual(ends) }
            // What the member does itself with a lease that nobody renews.
            try await target.leaseRevoke(lease.id)
            #expect(try await target.get("leased") == nil)
            if isAnotherBrought {
                // A process brought another lease and was killed before it wrote a key: as many as before are there.
                let other = try await source.leaseGrant(timeToLive: .seconds(90))
                try await source.put(PutRequest("other", "x", lease: .id(other.id)))
                _ = try await target.leaseGrant(timeToLive: .seconds(90), id: other.id)
                let marker = "lodestone.dev/migrations/m/leases/\(String(other.id, radix: 16))"
                try await target.put(PutRequest(marker, "90", lease: .id(other.id)))
            }
            try await whileCopying(copy) { witness in
                try await witness.wait("the tail is reached") { $0.phase == .tail }
                #expect(witness.progress.differenceRuns == 1)
                #expect(try await target.get("leased")?.lease == lease.id)
                try await witness.waitUntilEqual(ends)
                let contents = try await ends.contents()
                #expect(contents.source == contents.destination)
            }
        }
    }

    private func expectEqual(_ ends: CopyEnds, _ copy: CopyReplication) async throws {
        try await whileCopying(copy) { witness in
            try await witness.waitUntilEqual(ends)
            try await eventually("both ends hold the same") {
                try await witness.waitUntilEqual(ends)
                let contents = try await ends.contents()
                return contents.source == contents.destination
            }
            let comparison = KeyspaceComparison(source: try ends.from(), destination: try ends.to(), name: "m")
            let result = try await comparison.run()
            #expect(result.isEqual, "\(result.differences.prefix(5))")
        }
    }
}
