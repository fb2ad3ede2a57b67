import Synchronization

/// How much clients may ask of the API.
///
/// The defaults are far above what people and their tools need: one client may apply a fleet of a thousand clusters
/// without being slowed.
public struct RequestLimitOptions: Sendable {
    /// How many requests a user may make a second in the long run.
    public var requestsPerSecond = 500
    /// How many requests a user may make at once.
    public var burst = 1_000
    /// How many requests that need no user an address may make a second, at once ten times as many.
    public var publicRequestsPerSecond = 50
    /// How often a second an address may fail to show who it is; at once thirty times as often.
    public var failuresPerSecond = 1
    /// How many requests may be worked on at once, open watches aside.
    public var concurrentRequests = 512
    /// How many of those may be one user's.
    public var concurrentRequestsPerUser = 256

    /// The defaults.
    public init() {}
}

/// Holds clients to ``RequestLimitOptions``.
final class RequestLimits: Sendable {
    private struct Current {
        var all = 0
        var byUser: [String: Int] = [:]
    }

    private let options: RequestLimitOptions
    private let users: TokenBuckets
    private let open: TokenBuckets
    private let failures: TokenBuckets
    private let current = Mutex(Current())

    init(_ options: RequestLimitOptions) {
        self.options = options
        users = TokenBuckets(rate: options.requestsPerSecond, burst: options.burst)
        open = TokenBuckets(
            rate: options.publicRequestsPerSecond, burst: options.publicRequestsPerSecond * 10)
        failures = TokenBuckets(rate: options.failuresPerSecond, burst: options.failuresPerSecond * 30)
    }

    /// Counts a request of a user.
    ///
    /// - Throws: `.tooManyRequests`.
    func countRequest(of user: String) throws(APIStatus) {
        guard let seconds = users.take(user) else { return }
        throw .tooMany("user \"\(user)\" makes more than \(options.requestsPerSecond) requests a second", seconds)
    }

    /// Counts a request that needs no user.
    ///
    /// - Throws: `.tooManyRequests`.
    func countPublicRequest(from network: String) throws(APIStatus) {
        guard let seconds = open.take(network) else { return }
        throw .tooMany(
            "this address makes more than \(options.publicRequestsPerSecond) requests a second", seconds)
    }

    /// Counts a request whose maker has not shown who he is; the refusal it is to be answered with.
    func countFailure(from network: String, _ refusal: APIStatus) -> APIStatus {
        guard let seconds = failures.take(network) else { return refusal }
        return .tooMany("this address has failed too often to show who it is", seconds)
    }

    /// Works on a request of a user, unless too many are worked on.
    ///
    /// - Throws: `.tooManyRequests`, and what the body throws.
    func working<Result>(
        for user: String, _ body: () async throws(APIStatus) -> Result
    ) async throws(APIStatus) -> Result {
        let problem = current.withLock { current -> String? in
            guard current.all < options.concurrentRequests else { return "the server works on too many requests" }
            let own = current.byUser[user] ?? 0
            guard own < options.concurrentRequestsPerUser else { return "user \"\(user)\" has too many requests open" }
            current.all += 1
            current.byUser[user] = own + 1
            return nil
        }
        if let problem { throw .tooMany(problem, 1) }
        defer {
            current.withLock { current in
                current.all -= 1
                let own = (current.byUser[user] ?? 1) - 1
                current.byUser[user] = own > 0 ? own : nil
            }
        }
        return try await body()
    }
}

extension APIStatus {
    /// More was asked than may be.
    static func tooMany(_ reason: String, _ seconds: Int) -> APIStatus {
        var details = Details()
        details.retryAfterSeconds = seconds
        return APIStatus(.tooManyRequests, "\(reason); try again in \(seconds) s", details: details)
    }
}
