import Etcd
import Model
import TestSupport
import Testing
import Transport

@testable import Replication

@Suite(.enabled(if: RealEtcd.isAvailable(.v3_4)), .timeLimit(.minutes(10)))
struct LegacyReplicationTests {
    @Test("A tree with hidden nodes is copied as it is, and its changes follow", arguments: RealEtcd.availableVersions)
    func copying(version: RealEtcd.Version) async throws {
        try await LegacyFixture.with(version: version) { fixture in
            let store = fixture.store
            for name in ["a", "a-b", "a/x", "a/_h/y", "_top", "z"] where !name.hasPrefix("a/") && name != "a" {
                try await store.put("/\(name)", "v of \(name)")
            }
            try await store.put("/a/x", "1")
            try await store.put("/a/_h/y", "2")
            try await store.put("/a/_h/deep/_er/z", "3")
            try await store.put("/declared/_only/k", "4")
            // More changes than the store remembers: what is hidden before them must be declared.
            for number in 0..<1_010 { try await store.put("/d\(number % 7)/e\(number % 31)/k\(number)", "\(number)") }
            try await store.put("/late/_found", "5")
            fixture.options.hiddenPaths = ["/a/_h/deep/_er", "/_top", "/declared/_only"]
            try await fixture.running {
                try await fixture.caughtUp()
                try await fixture.expectEqual(keys: 1_010 + 8)
                #expect(try await fixture.value("/a/_h/deep/_er/z") == "3")
                #expect(try await fixture.value("/_top") == "v of _top")
                #expect(try await fixture.value("/late/_found") == "5")

                try await store.put("/a/x", "changed")
                try await store.put("/new/_hidden/k", "6")
                try await store.put("/_lock/q", "7")
                try await store.put("/_lock/q", "8")
                try await store.put("/a-b", "9", ("prevValue", "v of a-b"))
                try await store.delete("/d1", "recursive=true")
                try await store.delete("/z")
                // A key that becomes a directory.
                try await store.put("/turns", "key")
                try await store.touch("/turns", ("dir", "true"))
                try await store.put("/turns/into", "directory")
                try await fixture.caughtUp()
                try await fixture.expectEqual()
                #expect(try await fixture.value("/new/_hidden/k") == "6")
                #expect(try await fixture.value("/_lock/q") == "8")
                #expect(try await fixture.value("/turns") == nil)
                #expect(try await fixture.count("/d1/") == 0)
                #expect(fixture.progress.value.hidden.isSuperset(of: ["/new/_hidden", "/_lock", "/late/_found"]))
                let lag = try #require(fixture.progress.value.lag)
                #expect(lag < .seconds(20))
            }
        }
    }

    @Test("Keys end at the destination when they end at the source, also renewed ones and those of directories")
    func timesToLive() async throws {
        try await LegacyFixture.with { fixture in
            let store = fixture.store
            let client = fixture.destination.preferred
            let clock = ContinuousClock()
            let begin = clock.now
            try await store.put("/kept", "1", ("ttl", "12"))
            try await store.put("/long", "2", ("ttl", "3000"))
            try await store.put("/walked", "3", ("ttl", "27"))
            try await store.touch("/dir", ("dir", "true"), ("ttl", "27"))
            try await store.put("/dir/x", "4")
            try await fixture.running {
                try await fixture.caughtUp()
                try await store.put("/dir/y", "5")
                try await store.put("/tailed", "6", ("ttl", "27"))
                try await fixture.caughtUp()
                try await fixture.expectEqual(keys: 6)
                // Renewals that no watch tells, until long after the first time has passed.
                while clock.now - begin < .seconds(16) {
                    try await store.touch("/kept", ("ttl", "12"), ("refresh", "true"), ("prevExist", "true"))
                    #expect(try await fixture.value("/kept") == "1")
                    try await clock.sleep(for: .milliseconds(500))
                }
                try await store.touch("/kept", ("ttl", "3000"), ("refresh", "true"), ("prevExist", "true"))
                try await eventually("the lease of the renewed key is long", timeout: .seconds(20)) {
                    let lease = try await client.get("/kept")?.lease ?? 0
                    return try await client.leaseTimeToLive(lease).remaining > .seconds(2_000)
                }
            }
            // Nobody replicates any more: the leases do it, and not before the source does.
            let source = try fixture.client
            var ends: [(key: String, moment: Timestamp)] = []
            for (key, path): (String, LegacyPath) in [
                ("/walked", "/walked"), ("/dir/y", "/dir"), ("/tailed", "/tailed"),
            ] {
                if let moment = try await source.get(path).node.expiration { ends.append((key, moment)) }
            }
            #expect(ends.count == 3)
            for (key, moment) in ends {
                try await eventually("\(key) has ended", timeout: .seconds(30)) { try await client.get(key) == nil }
                let late = source.clock.now - moment
                #expect(late > .milliseconds(-100) && late < .seconds(60), "\(key): \(late)")
            }
            #expect(try await fixture.value("/long") == "2")
            #expect(try await fixture.value("/kept") == "1")
            try await fixture.expectEqual(keys: 2)
        }
    }

    @Test("A renewed directory keeps what lies in it, and what a key is written without loses its time")
    func directoryTimes() async throws {
        try await LegacyFixture.with { fixture in
            let store = fixture.store
            try await fixture.running {
                try await store.touch("/dir", ("dir", "true"), ("ttl", "10"))
                for number in 0..<20 { try await store.put("/dir/sub/\(number)", "x") }
                try await store.put("/key", "1", ("ttl", "100"))
                try await fixture.caughtUp()
                #expect(try await fixture.destination.preferred.get("/dir/sub/3")?.lease != 0)
                try await store.touch(
                    "/dir", ("dir", "true"), ("ttl", "200"), ("refresh", "true"), ("prevExist", "true"))
                try await store.put("/key", "2")
                try await fixture.caughtUp()
                #expect(try await fixture.destination.preferred.get("/key")?.lease == 0)
                try await eventually("the directory's keys have a long time", timeout: .seconds(30)) {
                    let lease = try await fixture.destination.preferred.get("/dir/sub/3")?.lease ?? 0
                    return try await fixture.destination.preferred.leaseTimeToLive(lease).remaining > .seconds(150)
                }
                try await store.touch("/dir", ("dir", "true"), ("ttl", ""), ("prevExist", "true"))
                try await fixture.caughtUp()
                #expect(try await fixture.destination.preferred.get("/dir/sub/3")?.lease == 0)
                try await fixture.expectEqual(keys: 21)
            }
        }
    }

    @Test("What another program keeps there is in the way, or stays, or is replaced where the source has it")
    func conflicts() async throws {
        try await LegacyFixture.with { fixture in
            try await fixture.store.put("/a/x", "1")
            try await fixture.store.put("/b", "1")
            try await fixture.destination.preferred.put("/a/x", "old")
            try await fixture.destination.preferred.put("/a/stranger", "stays")
            let error = await #expect(throws: ReplicationError.self) {
                try await fixture.running { try await fixture.caughtUp() }
            }
            #expect(error?.code == .conflict)
            #expect(error?.description.contains("2 keys") == true)
            fixture.options.conflictPolicy = .overwrite
            try await fixture.running {
                try await fixture.caughtUp()
                #expect(try await fixture.value("/a/x") == "1")
                try await fixture.store.put("/a/y", "2")
                try await fixture.store.delete("/a", "recursive=true")
                try await fixture.caughtUp()
            }
            #expect(try await fixture.value("/a/stranger") == "stays")
            #expect(try await fixture.count() == 2)
            try await fixture.expectEqual(keys: 1)
        }
    }

    @Test("Directories go to their prefixes, and become keys where that is asked for")
    func mapping() async throws {
        try await LegacyFixture.with { fixture in
            let store = fixture.store
            fixture.mapping = try LegacyMapping(
                [.init(from: "/apps/web", to: "/web/"), .init(from: "/jobs", to: "job-")], keepsDirectories: true)
            try await store.put("/apps/web/x", "1")
            try await store.put("/apps/db/x", "2")
            try await store.touch("/apps/web/empty", ("dir", "true"))
            try await fixture.running {
                try await fixture.caughtUp()
                try await store.put("/jobs/a/b", "3")
                var jobs: [String] = []
                for number in 0..<5 { jobs.append(try await store.post("/jobs/queue", "\(number)")) }
                try await fixture.caughtUp()
                for (number, path) in jobs.enumerated() {
                    #expect(try await fixture.value("job-" + path.dropFirst("/jobs/".count)) == "\(number)")
                }
                #expect(try await fixture.value("/web/x") == "1")
                #expect(try await fixture.value("/web/empty/") == "")
                #expect(try await fixture.value("job-a/") == "")
                #expect(try await fixture.value("job-a/b") == "3")
                try await fixture.expectEqual(keys: 10)
                try await store.delete("/apps", "recursive=true")
                try await store.delete("/jobs/a/b")
                try await fixture.caughtUp()
                #expect(try await fixture.count("/web/") == 0)
                #expect(try await fixture.value("job-a/") == "")
                try await fixture.expectEqual()
            }
            fixture.mapping = .everything
            let error = await #expect(throws: ReplicationError.self) {
                try await fixture.running { try await fixture.caughtUp() }
            }
            #expect(error?.code == .conflict)
            try await fixture.replication.forget()
            #expect(try await fixture.count("lodestone.dev/") == 0)
        }
    }

    @Test("The v2 store and the keys may be in one cluster, and its users are asked for")
    func inPlace() async throws {
        try await withRealEtcd(extraArguments: LegacyStore.arguments) { etcd in
            let engine = LegacyFixture.engine
            let open = try LegacyStore(engine: engine, url: etcd.endpoints[0])
            try await open.put("/a/x", "1")
            try await open.enableAuthentication(password: "s3cret")
            let client = EtcdClient(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
            var fixture = LegacyFixture(
                source: etcd, target: etcd,
                store: try LegacyStore(engine: engine, url: etcd.endpoints[0], user: ("root", "s3cret")),
                destination: EtcdEndpoints(client))
            fixture.credentials = EtcdCredentials(user: "root", password: "s3cret")
            try await fixture.running {
                try await fixture.caughtUp()
                try await fixture.store.put("/a/y", "2")
                try await fixture.caughtUp()
            }
            try await fixture.expectEqual(keys: 2)
        }
    }

    @Test("A comparison finds every planted difference and no other")
    func comparison() async throws {
        try await LegacyFixture.with { fixture in
            let store = fixture.store
            for number in 0..<300 { try await store.put("/d\(number % 10)/k\(number)", "\(number)") }
            try await store.put("/timed", "1", ("ttl", "500"))
            try await fixture.running { try await fixture.caughtUp() }
            let client = fixture.destination.preferred
            try await client.delete(.key("/d3/k3"))
            try await client.put("/d4/k4", "other")
            try await client.put("/d4/extra", "x")
            try await client.put("/timed", "1")
            let lease = try await client.leaseGrant(timeToLive: .seconds(100))
            try await client.put("/d5/k5", "5", lease: .id(lease.id))
            let result = try await fixture.replication.compare()
            #expect(
                result.differences.map(\.description) == [
                    "Missing: /d3/k3 for /d3/k3", "Unexpected: /d4/extra", "Value: /d4/k4 for /d4/k4",
                    "Expiration: /d5/k5 for /d5/k5", "Expiration: /timed for /timed",
                ])
            #expect(result.differenceCount == 5)
            #expect(!result.sourceMoved)
            #expect(!result.isProof)
            // The next turn mends what differs.
            try await fixture.running { try await fixture.caughtUp() }
            try await fixture.expectEqual(keys: 301)
        }
    }

    @Test("A source in which keys only end is at rest, one in which they are written or renewed is not")
    func rest() async throws {
        try await LegacyFixture.with { fixture in
            let (store, replication) = (fixture.store, try fixture.replication)
            try await store.put("/ending", "1", ("ttl", "1"))
            try await store.put("/long", "1", ("ttl", "1000"))
            let start = try await fixture.client.index().index
            try await eventually("the key has ended") { try await fixture.client.index().index == start + 1 }
            #expect(try await !replication.moved(from: start, to: start + 1))
            try await store.touch("/long", ("ttl", "1000"), ("refresh", "true"), ("prevExist", "true"))
            #expect(try await replication.moved(from: start, to: start + 2))
            try await store.put("/_hidden", "1")
            #expect(try await replication.moved(from: start + 2, to: start + 3))
            #expect(try await !replication.moved(from: start + 3, to: start + 3))
        }
    }
}
