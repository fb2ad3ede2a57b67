internal import Etcd

/// The source of a copy, which is only read.
struct CopySource: Sendable {
    /// Its name in messages.
    static let subject = "the source"

    let endpoints: EtcdEndpoints
    /// How long a request may take.
    let timeout: Duration

    /// Who answers, and the newest revision, by a linearizable read of a key that nobody has.
    func head() async throws(ReplicationError) -> ResponseHeader {
        try await perform { (client) throws(EtcdError) in
            try await client.range(RangeRequest(.key([0]), content: .countOnly), timeout: timeout).header
        }
    }

    /// The leases that have not ended.
    func leases() async throws(ReplicationError) -> [Int64] {
        try await perform { (client) throws(EtcdError) in try await client.leases(timeout: timeout) }
    }

    /// Makes a call that does no harm twice.
    func perform<Result: Sendable>(
        _ call: (EtcdClient) async throws(EtcdError) -> Result
    ) async throws(ReplicationError) -> Result {
        do {
            return try await endpoints.perform(rounds: 4, call)
        } catch {
            throw ReplicationError(error, Self.subject)
        }
    }
}
