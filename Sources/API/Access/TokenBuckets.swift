import Synchronization

/// How often each of many clients may do something: a bucket for each, which fills at a steady rate.
final class TokenBuckets: Sendable {
    private struct Bucket {
        var tokens: Double
        var filled: ContinuousClock.Instant
    }

    private struct State {
        var buckets: [String: Bucket] = [:]
        /// From how many buckets on those that are full, and so say nothing, are forgotten.
        ///
        /// It follows what is left, so that looking through all of them stays rare.
        var tidySize = 4_096
        var tidied: ContinuousClock.Instant?
    }

    /// How many clients are told apart at most; beyond it all further ones share one bucket.
    private static let limit = 65_536

    private let rate: Double
    private let burst: Double
    private let state = Mutex(State())

    /// Creates the buckets, all of them full.
    ///
    /// - Parameters:
    ///   - rate: How often a second, in the long run.
    ///   - burst: How often at once.
    init(rate: Int, burst: Int) {
        self.rate = Double(max(rate, 1))
        self.burst = Double(max(burst, 1))
    }

    /// Takes one from a client's bucket; says how many seconds it takes until there is one, if there is none.
    func take(_ client: String, at now: ContinuousClock.Instant = .now) -> Int? {
        state.withLock { state in
            tidy(&state, now)
            let key = state.buckets.count >= Self.limit && state.buckets[client] == nil ? "" : client
            var bucket = state.buckets[key] ?? Bucket(tokens: burst, filled: now)
            bucket.tokens = level(bucket, now)
            bucket.filled = now
            defer { state.buckets[key] = bucket }
            guard bucket.tokens >= 1 else {
                return max(1, Int(((1 - bucket.tokens) / rate).rounded(.up)))
            }
            bucket.tokens -= 1
            return nil
        }
    }

    private func tidy(_ state: inout State, _ now: ContinuousClock.Instant) {
        guard state.buckets.count >= state.tidySize else { return }
        if let tidied = state.tidied, now - tidied < .seconds(1) { return }
        state.buckets = state.buckets.filter { level($0.value, now) < burst }
        state.tidySize = min(max(4_096, 2 * state.buckets.count), Self.limit)
        state.tidied = now
    }

    private func level(_ bucket: Bucket, _ now: ContinuousClock.Instant) -> Double {
        let passed = now - bucket.filled
        let seconds = Double(passed.components.seconds) + Double(passed.components.attoseconds) / 1e18
        return min(burst, bucket.tokens + seconds * rate)
    }
}
