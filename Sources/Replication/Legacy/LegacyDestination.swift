internal import Etcd

/// The destination of a replication of a v2 store: everything is written under the guard of the checkpoint.
struct LegacyDestination: GuardedDestination {
    let endpoints: EtcdEndpoints
    /// The checkpoint's key.
    let key: [UInt8]
    let name: String
    let timeout: Duration
    /// How often every member is asked before a failure counts: with the pauses between, about a minute.
    let rounds = 36

    /// The condition that nobody has changed the checkpoint since a revision; 0 for one that is not there.
    func condition(_ revision: Int64) -> Compare { .isUnchanged(key, since: revision) }

    /// Reads the checkpoint, with the revision of its last change; nil if there is none.
    func checkpoint() async throws(ReplicationError) -> (value: LegacyCheckpoint, revision: Int64)? {
        try await checkpoint(at: key, LegacyCheckpoint.init(decoding:))
    }

    /// Applies operations together with a new checkpoint, if nobody has changed that since `revision`.
    ///
    /// It may be sent several times: once it is applied, the condition of the others does not hold any more.
    func commit(
        _ operations: [Transaction.Operation], _ checkpoint: LegacyCheckpoint, over revision: Int64
    ) async throws(ReplicationError) -> GuardedOutcome {
        let value = checkpoint.encoded
        let transaction = Transaction(if: [condition(revision)], then: operations + [.put(PutRequest(key, value))])
        let answer: TransactionResponse
        do {
            answer = try await endpoints.perform(rounds: rounds) { (client) throws(EtcdError) in
                try await client.commit(transaction, isIdempotent: true, timeout: timeout)
            }
        } catch {
            if error.code == .leaseNotFound { return .leaseMissing }
            throw ReplicationError(error, Self.subject)
        }
        if answer.succeeded { return .applied(answer.header.revision) }
        // Refused: by what an earlier attempt at this very transaction has written, or by somebody else.
        if let found = try await get(key), found.value == value, found.modRevision > revision {
            return .applied(found.modRevision)
        }
        throw Self.takenOver("migration named \(name)")
    }

    /// Makes a lease; etcd gives it two seconds at least.
    func grant(_ timeToLive: Duration) async throws(ReplicationError) -> Int64 {
        // With an ID of our own the grant may be repeated: the second time it exists already.
        let id = Int64.random(in: 1...Int64.max)
        do {
            try await endpoints.perform(rounds: rounds) { (client) throws(EtcdError) in
                try await grant(id, timeToLive, client)
            }
        } catch {
            throw ReplicationError(error, Self.subject)
        }
        return id
    }

    private func grant(_ id: Int64, _ timeToLive: Duration, _ client: EtcdClient) async throws(EtcdError) {
        do throws(EtcdError) {
            _ = try await client.leaseGrant(timeToLive: timeToLive, id: id, timeout: timeout)
        } catch {
            if error.code == .leaseExists { return }
            throw EtcdError(
                error.code, error.message, endpoint: error.endpoint, wasSent: error.wasSent, isIdempotent: true)
        }
    }
}
