@testable import API
import Model
import Synchronization
import TestSupport
import Testing
import Transport

/// How much clients may ask.
@Suite(.timeLimit(.minutes(5)))
struct RequestLimitTests {
    @Test("A bucket gives its burst at once and then its rate, to each client for itself")
    func buckets() {
        let buckets = TokenBuckets(rate: 10, burst: 3)
        let start = ContinuousClock.now
        for _ in 0..<3 { #expect(buckets.take("a", at: start) == nil) }
        #expect(buckets.take("a", at: start) == 1)
        #expect(buckets.take("b", at: start) == nil)
        #expect(buckets.take("a", at: start + .milliseconds(99)) == 1)
        #expect(buckets.take("a", at: start + .milliseconds(101)) == nil)
        #expect(buckets.take("a", at: start + .milliseconds(102)) == 1)
        let later = start + .seconds(100)
        for _ in 0..<3 { #expect(buckets.take("a", at: later) == nil) }
        #expect(buckets.take("a", at: later) == 1)
        let slow = TokenBuckets(rate: 1, burst: 1)
        #expect(slow.take("a", at: start) == nil && slow.take("a", at: start) == 1)
    }

    @Test("Clients without number share one bucket, so that they cannot fill the memory")
    func manyClients() {
        let buckets = TokenBuckets(rate: 1, burst: 1)
        let start = ContinuousClock.now
        for number in 0..<70_000 { _ = buckets.take("client-\(number)", at: start) }
        #expect(buckets.take("one more", at: start) != nil)
        // Those that are full again are forgotten, and there is room.
        #expect(buckets.take("one more", at: start + .seconds(10)) == nil)
    }

    @Test("A user who asks too often is told when to come back, and no other user suffers")
    func rate() async throws {
        let api = try await APIFixture { options in
            options.limits.requestsPerSecond = 1
            options.limits.burst = 60
        }
        let vera = try await api.makeToken("vera", user: "vera", role: "viewer")
        let otto = try await api.makeToken("otto", user: "otto", role: "viewer")
        var refused: APIFixture.Answer?
        for _ in 0..<70 where refused == nil {
            let answer = try await api.call("GET", "/api", token: vera)
            if answer.status == 429 { refused = answer }
        }
        let answer = try #require(refused)
        #expect(answer.reason == "TooManyRequests" && answer.json[path: "details", "retryAfterSeconds"] == 1)
        #expect(answer.header("Retry-After") == "1")
        #expect(try await api.call("GET", "/api", token: otto).status == 200)
        #expect(try await api.call("GET", "/livez", token: vera).status == 200)
    }

    @Test("The defaults let one client apply a fleet of a thousand")
    func defaults() {
        let limits = RequestLimitOptions()
        #expect(limits.requestsPerSecond >= 400 && limits.burst >= 1_000)
        let buckets = TokenBuckets(rate: limits.requestsPerSecond, burst: limits.burst)
        let start = ContinuousClock.now
        // Three requests for each cluster, 400 a second.
        for number in 0..<3_000 {
            #expect(buckets.take("client", at: start + .microseconds(2_500 * number)) == nil)
        }
    }

    @Test("An address that fails to show who it is, over and over, is slowed; good tokens from there still work")
    func failures() async throws {
        let api = try await APIFixture { $0.limits = RequestLimitOptions() }
        let here = HTTPServerClient(address: "10.0.0.1")
        var statuses: [Int] = []
        for _ in 0..<40 {
            statuses.append(try await api.call("GET", "/api", token: "wrong", client: here).status)
        }
        #expect(statuses.prefix(30).allSatisfy { $0 == 401 } && statuses.last == 429)
        #expect(try await api.call("GET", "/api", client: here).status == 200)
        #expect(
            try await api.call("GET", "/api", token: "wrong", client: HTTPServerClient(address: "10.0.0.2")).status
                == 401)
        // The addresses of one network are one.
        let one = HTTPServerClient(address: "2001:db8::1", network: "20010db800000000")
        let two = HTTPServerClient(address: "2001:db8::2", network: "20010db800000000")
        for _ in 0..<40 { _ = try await api.call("GET", "/api", token: "wrong", client: one) }
        #expect(try await api.call("GET", "/api", token: "wrong", client: two).status == 429)
    }

    @Test("What is open to everybody is open so often from one address")
    func publicPaths() async throws {
        let api = try await APIFixture { $0.limits.publicRequestsPerSecond = 2 }
        let here = HTTPServerClient(address: "10.0.0.1")
        var statuses: [Int] = []
        for _ in 0..<25 { statuses.append(try await api.call("GET", "/version", token: nil, client: here).status) }
        #expect(statuses.prefix(20).allSatisfy { $0 == 200 } && statuses.last == 429)
        #expect(
            try await api.call("GET", "/version", token: nil, client: HTTPServerClient(address: "10.0.0.2")).status
                == 200)
    }

    @Test("So many requests are worked on at once, of all and of one user; the next is refused, not queued")
    func concurrency() async throws {
        let (gate, open) = AsyncStream<Void>.makeStream()
        let waiting = Mutex(0)
        let api = try await APIFixture { options in
            options.limits.concurrentRequests = 3
            options.limits.concurrentRequestsPerUser = 2
            options.findings = {
                waiting.withLock { $0 += 1 }
                for await _ in gate {}
                return []
            }
        }
        let users = try await ["a", "b"].asyncMap { try await api.makeToken($0, user: $0, role: "viewer") }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<2 { group.addTask { try await api.call("GET", "/findings", token: users[0]).status } }
            try await eventually("both wait") { waiting.withLock { $0 } == 2 }
            let third = try await api.call("GET", "/findings", token: users[0])
            #expect(third.status == 429 && third.message.contains("user \"a\" has too many requests open"))
            group.addTask { try await api.call("GET", "/findings", token: users[1]).status }
            try await eventually("three wait") { waiting.withLock { $0 } == 3 }
            let fourth = try await api.call("GET", "/findings", token: users[1])
            #expect(fourth.status == 429 && fourth.message.contains("the server works on too many requests"))
            #expect(try await api.call("GET", "/livez").status == 200)
            open.finish()
            for try await status in group { #expect(status == 200) }
        }
        #expect(try await api.call("GET", "/findings", token: users[0]).status == 200)
    }
}

extension Array {
    fileprivate func asyncMap<Result>(_ body: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await body(element)) }
        return results
    }
}
