import Etcd
import Replication
import TestSupport
import Testing
import Transport

@Suite(.enabled(if: RealEtcd.isAvailable(.v3_4)), .timeLimit(.minutes(Soak.isLong ? 15 : 3)))
struct LegacyFaultTests {
    /// Random writes of every kind on a small tree.
    private func write(_ store: LegacyStore, _ random: inout SeededRandom) async throws {
        let hidden = Int.random(in: 0..<6, using: &random) == 0 ? "_" : ""
        let path = "/d\(Int.random(in: 0..<4, using: &random))/\(hidden)k\(Int.random(in: 0..<30, using: &random))"
        let value = "\(UInt32.random(in: 0 ... .max, using: &random))"
        // Some fail, such as deleting what is not there; that is part of it.
        switch Int.random(in: 0..<14, using: &random) {
        case 0: _ = try? await store.delete(path)
        case 1: _ = try? await store.delete("/d\(Int.random(in: 0..<4, using: &random))", "recursive=true")
        case 2: _ = try? await store.post("/queue", value)
        case 3: _ = try? await store.put(path, value, ("ttl", "\(Int.random(in: 1...4, using: &random))"))
        case 4: _ = try? await store.put(path, value, ("prevExist", "true"))
        case 5: _ = try? await store.touch(path, ("ttl", "2"), ("refresh", "true"), ("prevExist", "true"))
        case 6: _ = try? await store.put(path, value, ("prevExist", "false"))
        default: _ = try? await store.put(path, value)
        }
    }

    @Test("Killed at random moments under writes, it goes on and ends equal")
    func kills() async throws {
        try await LegacyFixture.with { fixture in
            let store = fixture.store
            let seed = Soak.seed("v2 kills")
            var random = SeededRandom(seed: seed)
            for number in 0..<1_500 { try await store.put("/base/\(number % 40)/\(number)", "\(number)") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask {
                    var random = SeededRandom(seed: seed &+ 1)
                    while !Task.isCancelled { try await write(store, &random) }
                }
                for _ in 0..<Soak.rounds(6, long: 60) {
                    let moment = Duration.milliseconds(Int.random(in: 20...1_200, using: &random))
                    try await fixture.running { try await Task.sleep(for: moment) }
                }
            }
            try await fixture.running {
                try await fixture.caughtUp()
                try await eventually("both ends are equal", timeout: .seconds(15)) {
                    try await fixture.replication.compare().isEqual
                }
            }
        }
    }

    @Test("More changes than the store remembers, made while nobody follows or can, are found by walking again")
    func lostHistory() async throws {
        try await LegacyFixture.with { fixture in
            let (store, port) = (fixture.store, fixture.source.members[0].clientPort)
            try await FaultyProxy.with(to: port) { proxy in
                fixture.proxyPort = proxy.port
                for number in 0..<50 { try await store.put("/a/\(number)", "1") }
                try await fixture.running { try await fixture.caughtUp() }
                try await store.delete("/a", "recursive=true")
                for number in 0..<1_100 { try await store.put("/b/\(number)", "2") }
                try await fixture.running {
                    try await fixture.caughtUp()
                    #expect(try await fixture.count("/a/") == 0)
                    try await fixture.expectEqual(keys: 1_100)
                    #expect(fixture.progress.value.walksRepeated == 0)

                    proxy.set(.cut(afterBytes: 0))
                    try await eventually("it is known that nothing is known") {
                        let progress = fixture.progress.value
                        return progress.waiting?.code == .unavailable && progress.lag ?? .zero > .seconds(2)
                    }
                    for number in 0..<1_100 { try await store.put("/c/\(number)", "3") }
                    try await store.delete("/b", "recursive=true")
                    proxy.set(.none)
                    try await fixture.caughtUp()
                    #expect(fixture.progress.value.walksRepeated == 1)
                    #expect(fixture.progress.value.waiting == nil)
                    try await fixture.expectEqual(keys: 1_100)
                }
            }
        }
    }

    @Test("A storm of compare-and-swap by many writers arrives in order")
    func storm() async throws {
        try await LegacyFixture.with { fixture in
            let store = fixture.store
            try await fixture.running {
                try await fixture.caughtUp()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for writer in 0..<8 {
                        group.addTask {
                            for number in 0..<Soak.rounds(200, long: 2_000) {
                                _ = try? await store.put("/counter", "\(writer) \(number)", ("prevExist", "true"))
                                try await store.put("/w\(writer)", "\(number)")
                                if number == 0 { _ = try? await store.put("/counter", "0", ("prevExist", "false")) }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                try await fixture.caughtUp()
                try await fixture.expectEqual(keys: 9)
            }
        }
    }

    @Test("A member that is killed or stopped does not end it, nor does a destination that is away for a while")
    func membersAway() async throws {
        try await LegacyFixture.with(members: 3) { fixture in
            let store = try LegacyStore(engine: LegacyFixture.engine, url: fixture.source.endpoints[2])
            for number in 0..<200 { try await store.put("/a/\(number)", "1") }
            try await fixture.running {
                try await fixture.caughtUp()
                try await fixture.source.kill(0)
                try await eventually("a write succeeds") {
                    try await store.put("/b", "2")
                    return true
                }
                try await fixture.caughtUp()
                #expect(try await fixture.value("/b") == "2")
                try await fixture.target.kill(0)
                try await store.put("/c", "3")
                try await fixture.target.launch(0)
                try await fixture.source.launch(0)
                try await fixture.caughtUp()
                #expect(try await fixture.value("/c") == "3")
                try await fixture.expectEqual(keys: 202)
            }
        }
    }

    @Test("A second process takes over, and the first one notices")
    func takeover() async throws {
        try await LegacyFixture.with { fixture in
            let store = fixture.store
            let second = try fixture.replication
            try await store.put("/a", "1")
            let error = await #expect(throws: ReplicationError.self) {
                try await fixture.running {
                    try await fixture.caughtUp()
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        defer { group.cancelAll() }
                        group.addTask { try await second.run { _ in } }
                        var number = 0
                        try await eventually("the first one has ended") {
                            number += 1
                            try await store.put("/b", "\(number)")
                            return fixture.progress.failure != nil
                        }
                    }
                }
            }
            #expect(error?.code == .diverged)
        }
    }

    @Test("A source without v2 store, and one of another cluster, are refused by name")
    func refusals() async throws {
        try await LegacyFixture.with { fixture in
            try await fixture.store.put("/a", "1")
            try await fixture.running { try await fixture.caughtUp() }
            let destination = fixture.destination
            func code(_ source: RealEtcd) async throws -> ReplicationError.Code? {
                let client = LegacyClient(
                    engine: LegacyFixture.engine, try Endpoint(url: source.endpoints[0]))
                let replication = LegacyReplication(name: "test", source: client, destination: destination)
                return await #expect(throws: ReplicationError.self) { try await replication.run { _ in } }?.code
            }
            #expect(try await code(fixture.target) == .unsupported)
            try await withRealEtcd(extraArguments: LegacyStore.arguments) { other in
                let found = try await code(other)
                #expect(found == .diverged)
            }
        }
    }
}
