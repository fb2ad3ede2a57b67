internal import Etcd

/// The destination of a replication of a v2 store: everything is written under the guard of the checkpoint.
struct LegacyDestination: Sendable {
    /// How a transaction ended.
    enum Outcome: Sendable, Hashable {
        /// It is applied, at this revision.
        case applied(Int64)
        /// A lease that it attaches does not exist; nothing was applied.
        case leaseMissing
    }

    /// Its name in messages.
    static let subject = "the destination"

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
        guard let found = try await get() else { return nil }
        guard let value = LegacyCheckpoint(decoding: found.value) else {
            throw ReplicationError(
                .diverged, Self.subject, "the key \(found.keyText) holds no checkpoint of this release",
                remedy: "remove it if no migration of this name is under way")
        }
        return (value, found.modRevision)
    }

    /// Applies operations together with a new checkpoint, if nobody has changed that since `revision`.
    ///
    /// It may be sent several times: once it is applied, the condition of the others does not hold any more.
    func commit(
        _ operations: [Transaction.Operation], _ checkpoint: LegacyCheckpoint, over revision: Int64
    ) async throws(ReplicationError) -> Outcome {
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
        if let found = try await get(), found.value == value, found.modRevision > revision {
            return .applied(found.modRevision)
        }
        throw Self.takenOver(name)
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

    /// Makes a call that does no harm twice.
    func perform<Result: Sendable>(
        _ call: (EtcdClient) async throws(EtcdError) -> Result
    ) async throws(ReplicationError) -> Result {
        do {
            return try await endpoints.perform(rounds: rounds, call)
        } catch {
            throw ReplicationError(error, Self.subject)
        }
    }

    /// The error for a checkpoint that somebody else has changed.
    static func takenOver(_ name: String) -> ReplicationError {
        ReplicationError(
            .diverged, subject, "another process has taken over the migration named \(name)",
            remedy: "let only one of them run")
    }

    private func get() async throws(ReplicationError) -> KeyValue? { try await get(key) }

    /// Reads one key.
    func get(_ key: [UInt8]) async throws(ReplicationError) -> KeyValue? {
        try await perform { (client) throws(EtcdError) in try await client.get(key) }
    }
}
