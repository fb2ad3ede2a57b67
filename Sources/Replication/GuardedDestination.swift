internal import Etcd

/// A cluster that is written to under the guard of a checkpoint there, and by nobody else.
///
/// Every transaction has the condition that the checkpoint is as this process left it, so that a killed process, a late
/// copy of a request and a second process can do no harm.
protocol GuardedDestination: Sendable {
    /// Its members.
    var endpoints: EtcdEndpoints { get }
    /// How long a request may take.
    var timeout: Duration { get }
    /// How often every member is asked before a failure counts.
    var rounds: Int { get }
}

/// How a guarded transaction ended.
enum GuardedOutcome: Sendable, Hashable {
    /// It is applied, at this revision.
    case applied(Int64)
    /// A lease that it attaches does not exist; nothing was applied.
    case leaseMissing
}

extension GuardedDestination {
    /// Its name in messages.
    static var subject: String { "the destination" }

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

    /// Reads one key.
    func get(_ key: [UInt8]) async throws(ReplicationError) -> KeyValue? {
        try await perform { (client) throws(EtcdError) in try await client.get(key, timeout: timeout) }
    }

    /// Reads a checkpoint, with the revision of its last change; nil if there is none.
    func checkpoint<Checkpoint>(
        at key: [UInt8], _ decode: ([UInt8]) -> Checkpoint?
    ) async throws(ReplicationError) -> (value: Checkpoint, revision: Int64)? {
        guard let found = try await get(key) else { return nil }
        guard let value = decode(found.value) else {
            throw ReplicationError(
                .diverged, Self.subject, "the key \(found.keyText) holds no checkpoint of this release",
                remedy: "remove it if no migration of this name is under way")
        }
        return (value, found.modRevision)
    }

    /// The error for a checkpoint that somebody else has changed.
    static func takenOver(_ what: String) -> ReplicationError {
        ReplicationError(
            .diverged, subject, "another process has taken over the \(what)", remedy: "let only one of them run")
    }
}
