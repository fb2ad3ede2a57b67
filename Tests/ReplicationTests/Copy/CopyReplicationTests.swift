import Etcd
import Replication
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)), .serialized)
struct CopyReplicationTests {
    @Test(
        "A source that is written to all the time is copied and followed, leases included", arguments: CopyEnds.versions
    )
    func liveCopy(_ from: RealEtcd.Version, _ to: RealEtcd.Version) async throws {
        let seed = Soak.seed("copy of a live source")
        try await CopyEnds.with(from: from, to: to) { ends in
            let client = try ends.from().preferred
            try await ends.from().bulkWrite { writer in
                for index in 0..<20_000 { try await writer.put(text("/load/static/\(index)"), text("value \(index)")) }
            }
            let copy = CopyReplication(source: try ends.from(), destination: try ends.to(), name: "m")
            let comparison = KeyspaceComparison(source: try ends.from(), destination: try ends.to(), name: "m")
            let equal = try await withThrowingTaskGroup(of: Void.self) { group in
                // Writing begins before the copy and ends long after its bulk phase.
                group.addTask {
                    var writer = RandomWriter(client, seed: seed)
                    try await writer.run(steps: Soak.rounds(800, long: 8_000))
                }
                return try await whileCopying(copy) { witness in
                    try await witness.wait("the tail is reached") { $0.phase == .tail }
                    // Both sides change meanwhile, and still no difference may be found.
                    for _ in 0..<3 {
                        let result = try await comparison.run()
                        #expect(result.isEqual, "\(result.differences.prefix(5))")
                        #expect(result.sourceKeys > 1_000)
                    }
                    try await group.waitForAll()
                    try await witness.waitUntilEqual(ends)
                    #expect(witness.isOrdered)
                    #expect(witness.phases == [.bulk, .tail])
                    #expect(witness.progress.differenceRuns == 0)
                    // Leases go on running out at the source, so one look may come between.
                    try await eventually("both ends hold the same") {
                        let contents = try await ends.contents()
                        return contents.source == contents.destination
                    }
                    return try await comparison.run()
                }
            }
            #expect(equal.isEqual, "\(equal.differences.prefix(5))")
            #expect(equal.sourceKeys == equal.targetKeys)
        }
    }

    @Test("A deletion of thousands of keys is applied, and the last change of each key wins")
    func massDeletion() async throws {
        try await CopyEnds.with { ends in
            let client = try ends.from().preferred
            try await ends.from().bulkWrite { writer in
                for index in 0..<5_000 { try await writer.put(text("/mass/\(index)"), text("\(index)")) }
            }
            let copy = CopyReplication(source: try ends.from(), destination: try ends.to(), name: "m")
            try await whileCopying(copy) { witness in
                try await witness.wait("the tail is reached") { $0.phase == .tail }
                try await client.deleteRange(DeleteRangeRequest(.prefix("/mass/1")))
                try await client.put("/mass/1", "again")
                // Put and deleted in one revision.
                try await client.commit(
                    Transaction(then: [
                        .transaction(Transaction(then: [.put(PutRequest("/mass/once", "x"))])),
                        .transaction(Transaction(then: [.deleteRange(DeleteRangeRequest(.key("/mass/once")))])),
                    ]))
                try await witness.waitUntilEqual(ends)
                let contents = try await ends.contents()
                #expect(contents.source == contents.destination)
                #expect(contents.source.count == 3_889 + 1)
            }
        }
    }

    @Test("The tail applies a change at once")
    func latency() async throws {
        try await CopyEnds.with { ends in
            let client = try ends.from().preferred
            let copy = CopyReplication(source: try ends.from(), destination: try ends.to(), name: "m")
            try await whileCopying(copy) { witness in
                try await witness.wait("the tail is reached") { $0.phase == .tail }
                var times: [Duration] = []
                for index in 0..<40 {
                    let start = ContinuousClock.now
                    let revision = try await client.put("/k", "\(index)").header.revision
                    while witness.progress.applied < revision {
                        try await Task.sleep(for: .microseconds(200))
                        try #require(ContinuousClock.now - start < .seconds(60))
                    }
                    times.append(ContinuousClock.now - start)
                }
                times.sort()
                #expect(times[times.count / 2] < .seconds(2), "median \(times[times.count / 2])")
                #expect(witness.progress.lag == .zero)
            }
        }
    }

    @Test("Leases are carried with their IDs, kept alive, and end when they end at the source")
    func leases() async throws {
        try await CopyEnds.with { ends in
            let source = try ends.from().preferred
            let target = try ends.to().preferred
            let short = try await source.leaseGrant(timeToLive: .seconds(3))
            let long = try await source.leaseGrant(timeToLive: .seconds(100))
            let bare = try await source.leaseGrant(timeToLive: .seconds(200))
            let taken = try await source.leaseGrant(timeToLive: .seconds(50))
            // Somebody at the destination has one of the IDs, for a key of his own.
            _ = try await target.leaseGrant(timeToLive: .seconds(500), id: taken.id)
            try await target.put(PutRequest("his", "own", lease: .id(taken.id)))
            try await source.put(PutRequest("/l/short", "s", lease: .id(short.id)))
            try await source.put(PutRequest("/l/long", "l", lease: .id(long.id)))
            try await source.put(PutRequest("/l/taken", "t", lease: .id(taken.id)))
            let copy = CopyReplication(
                source: try ends.from(), destination: try ends.to(), name: "m",
                selection: try KeySelection([.init("/l/")]))
            try await whileCopying(copy) { witness in
                try await witness.wait("the tail is reached") { $0.phase == .tail }
                #expect(try await target.get("/l/short")?.lease == short.id)
                #expect(try await target.leaseTimeToLive(long.id).granted == .seconds(100))
                let other = try #require(try await target.get("/l/taken")?.lease)
                #expect(other != taken.id && other != 0)
                // For longer than it lives, the source renews it, and so do we.
                for _ in 0..<5 {
                    try await source.leaseKeepAliveOnce(short.id)
                    try await Task.sleep(for: .seconds(1))
                }
                #expect(try await target.get("/l/short") != nil)
                #expect(witness.progress.differenceRuns == 0)
                let late = try await source.leaseGrant(timeToLive: .seconds(60))
                try await source.put(PutRequest("/l/late", "x", lease: .id(late.id)))
                try await source.leaseRevoke(long.id)
                try await witness.waitUntilEqual(ends)
                #expect(try await target.get("/l/late")?.lease == late.id)
                #expect(try await target.get("/l/long") == nil)
                try await eventually("the short lease has ended at both ends", timeout: .seconds(20)) {
                    let (left, right) = (try await source.get("/l/short"), try await target.get("/l/short"))
                    return left == nil && right == nil
                }
                let comparison = KeyspaceComparison(
                    source: try ends.from(), destination: try ends.to(), name: "m",
                    selection: try KeySelection([.init("/l/")]))
                #expect(try await comparison.run().isEqual)
                #expect(try await target.leaseTimeToLive(bare.id).exists == false)
                #expect(try await target.get("his")?.lease == taken.id)
            }
        }
    }

    @Test("Leases without keys are brought as well where every key is copied")
    func bareLeases() async throws {
        try await CopyEnds.with { ends in
            let bare = try await ends.from().preferred.leaseGrant(timeToLive: .seconds(200))
            let copy = CopyReplication(source: try ends.from(), destination: try ends.to(), name: "m")
            try await whileCopying(copy) { _ in
                let target = try ends.to().preferred
                try await eventually("the lease is there") { try await target.leaseTimeToLive(bare.id).exists }
            }
        }
    }

    @Test("Only what is selected is copied, under its new name, and the rest still moves the revision")
    func selection() async throws {
        try await CopyEnds.with { ends in
            let client = try ends.from().preferred
            for index in 0..<300 {
                try await client.put("/a/\(index)", "a\(index)")
                try await client.put("/b/\(index)", "b\(index)")
                try await client.put("/c/\(index)", "c\(index)")
            }
            try await ends.to().preferred.put("/other", "stays")
            let selection = try KeySelection([.init("/c/"), .init("/a/", target: "/new/a/")])
            let copy = CopyReplication(
                source: try ends.from(), destination: try ends.to(), name: "m", selection: selection)
            let comparison = KeyspaceComparison(
                source: try ends.from(), destination: try ends.to(), name: "m", selection: selection)
            try await whileCopying(copy) { witness in
                try await witness.wait("the tail is reached") { $0.phase == .tail }
                try await client.deleteRange(DeleteRangeRequest(.prefix("/a/1")))
                try await client.put("/a/new", "new")
                for index in 0..<50 { try await client.put("/b/\(index)", "unselected") }
                try await witness.waitUntilEqual(ends)
                let moved = try await ends.contents("/a/", target: "/new/a/")
                #expect(moved.source == moved.destination)
                #expect(moved.source.count == 190)
                let same = try await ends.contents("/c/")
                #expect(same.source == same.destination)
                #expect(try await ends.to().preferred.count(.prefix("/b/")) == 0)
                #expect(try await ends.to().preferred.count(.prefix("/a/")) == 0)
                #expect(try await ends.to().preferred.get("/other")?.valueText == "stays")
                let result = try await comparison.run()
                #expect(result.isEqual && result.sourceKeys == 490 && result.targetKeys == 490)
            }
        }
    }

    @Test("A value of the largest size that etcd takes is copied")
    func bigValue() async throws {
        try await CopyEnds.with { ends in
            let client = try ends.from().preferred
            let value = [UInt8](repeating: 7, count: (3 << 19) - 40)
            try await client.put(text("big"), value)
            let copy = CopyReplication(source: try ends.from(), destination: try ends.to(), name: "m")
            try await whileCopying(copy) { witness in
                try await witness.wait("the tail is reached") { $0.phase == .tail }
                try await client.put(text("big too"), value)
                try await client.put(text("small"), [1])
                try await witness.waitUntilEqual(ends)
                let contents = try await ends.contents()
                #expect(contents.source == contents.destination)
                #expect(contents.source.count == 3)
            }
        }
    }

    @Test("A source that was frozen by an alarm is drained to its last revision, and proven")
    func frozenSource() async throws {
        try await CopyEnds.with { ends in
            let client = try ends.from().preferred
            let copy = CopyReplication(source: try ends.from(), destination: try ends.to(), name: "m")
            let comparison = KeyspaceComparison(source: try ends.from(), destination: try ends.to(), name: "m")
            try await whileCopying(copy) { witness in
                try await witness.wait("the tail is reached") { $0.phase == .tail }
                let tag = EtcdAlarm(memberID: 0x6b73_746f_6e65_0001, kind: .corrupt)
                let writing = Task {
                    var writer = RandomWriter(client, seed: 1)
                    try await writer.run(steps: 100_000)
                }
                try await witness.wait("something is copied") { $0.keysCopied > 200 }
                try await client.activateAlarm(tag)
                let revision = try await client.range(RangeRequest(.key("nothing-is-here"))).header.revision
                try await witness.wait("revision \(revision) is applied", timeout: .seconds(5)) {
                    $0.applied >= revision
                }
                let error = await #expect(throws: EtcdError.self) { try await writing.value }
                #expect(error?.code == .corrupt)
                let result = try await comparison.run()
                #expect(result.isEqual && result.sourceRevision == revision, "\(result.differences.prefix(5))")
                try await RevisionPadding(try ends.to(), name: "m").run(to: revision)
                #expect(try await ends.to().preferred.status().header.revision >= revision)
                #expect(witness.progress.applied == revision)
                try await client.deactivateAlarm(tag)
                try await client.put("after", "the thaw")
                try await witness.waitUntilEqual(ends)
                #expect(witness.progress.differenceRuns == 0)
            }
        }
    }
}
