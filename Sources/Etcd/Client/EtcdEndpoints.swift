import Synchronization
import Transport

/// Several members of one cluster, any of which may answer a call.
///
/// The member that answered last is asked first. Another is tried only if that can do no harm: see
/// `EtcdError.mayRetryElsewhere`. For what is true of one member only (status, hash, defragmentation) use its client.
public struct EtcdEndpoints: Sendable {
    /// Remembers who answered last; shared by copies.
    private final class Preference: Sendable {
        let index = Atomic<Int>(0)
    }

    /// The members, in the order given.
    public let clients: [EtcdClient]
    private let preference = Preference()

    /// Makes a list of members, the preferred one first.
    public init(_ first: EtcdClient, _ others: [EtcdClient] = []) {
        clients = [first] + others
    }

    /// The member that is asked first.
    public var preferred: EtcdClient {
        clients[preference.index.load(ordering: .relaxed) % clients.count]
    }

    /// Makes one call, to the other members in turn if the first ones cannot answer.
    ///
    /// - Throws: the error of the last member that was asked.
    @discardableResult
    public func perform<Result: Sendable>(
        _ call: (EtcdClient) async throws(EtcdError) -> Result
    ) async throws(EtcdError) -> Result {
        try await perform(rounds: 1, call)
    }

    /// Makes one call and tries it `rounds` times with each member, with growing pauses between the rounds.
    ///
    /// - Throws: the error of the last member that was asked, or `cancelled`.
    @discardableResult
    public func perform<Result: Sendable>(
        rounds: Int, _ call: (EtcdClient) async throws(EtcdError) -> Result
    ) async throws(EtcdError) -> Result {
        var pause = Duration.milliseconds(50)
        var attempt = 0
        while true {
            let index = preference.index.load(ordering: .relaxed) % clients.count
            let client = clients[index]
            do {
                return try await call(client)
            } catch {
                attempt += 1
                guard error.mayRetryElsewhere, attempt < clients.count * max(rounds, 1) else { throw error }
            }
            // Whoever failed is not asked first any more, unless somebody else has decided so already.
            _ = preference.index.compareExchange(
                expected: index, desired: (index + 1) % clients.count, ordering: .relaxed)
            if attempt % clients.count == 0 {
                do {
                    try await Task.sleep(for: pause)
                } catch {
                    throw EtcdError(.cancelled, "the call was given up", endpoint: client.endpoint.url, wasSent: .no)
                }
                pause = min(pause * 2, .seconds(2))
            }
        }
    }

    /// Closes idle connections to all members.
    public func close() {
        for client in clients { client.close() }
    }
}
