internal import Etcd

/// The destination of a copy: everything that is written there goes through here, under the guard of the checkpoint.
struct CopyDestination: GuardedDestination {
    /// The condition that nobody but this process has changed the checkpoint: its last revision.
    struct Guard: Sendable, Hashable {
        var revision: Int64
    }

    let endpoints: EtcdEndpoints
    let state: CopyState
    /// How long a request may take.
    let timeout: Duration
    /// How often every member is asked before a failure counts.
    let rounds = 4

    /// Reads the checkpoint, with the revision of its last change; nil if there is none.
    func checkpoint() async throws(ReplicationError) -> (value: CopyCheckpoint, guarded: Guard)? {
        try await checkpoint(at: state.checkpoint, CopyCheckpoint.init(decoding:)).map {
            ($0.value, Guard(revision: $0.revision))
        }
    }

    /// Writes the checkpoint anew, if it is unchanged since `guarded`, or absent if that is nil.
    func write(_ checkpoint: CopyCheckpoint, over guarded: Guard?) async throws(ReplicationError) -> Guard {
        switch try await commit(CopyBatch(), guarded ?? Guard(revision: 0), checkpoint) {
        case .applied(let revision): return Guard(revision: revision)
        case .leaseMissing:
            throw ReplicationError(
                .refused, Self.subject, "it says that a lease is missing where none was named", remedy: "look at it")
        }
    }

    /// Applies a batch if the checkpoint is unchanged, and writes the new one with it.
    ///
    /// It may be sent several times: once it is applied, the guard of the others does not hold any more.
    func commit(
        _ batch: CopyBatch, _ guarded: Guard, _ checkpoint: CopyCheckpoint? = nil
    ) async throws(ReplicationError) -> GuardedOutcome {
        var request = ProtobufWriter(capacity: batch.byteCount + 512)
        request.message(1) { compare in
            compare.uint64(2, 2)
            compare.bytes(3, state.checkpoint)
            compare.int64(6, guarded.revision, isRequired: true)
        }
        let value = checkpoint?.encoded
        if let value {
            request.message(2) { operation in
                operation.message(2) { put in
                    put.bytes(1, state.checkpoint)
                    put.bytes(2, value)
                }
            }
        }
        request.append(batch.fields)
        let message = request.bytes
        let answer: (header: ResponseHeader, succeeded: Bool)
        do {
            answer = try await endpoints.perform(rounds: rounds) { (client) throws(EtcdError) in
                try await client.commit(encodedTransaction: message, isIdempotent: true, timeout: timeout)
            }
        } catch {
            if error.code == .leaseNotFound { return .leaseMissing }
            if error.code == .requestTooLarge, let single = batch.single {
                return try await commitAlone(single, guarded, checkpoint)
            }
            throw ReplicationError(error, Self.subject)
        }
        if answer.succeeded { return .applied(answer.header.revision) }
        // Refused: by what an earlier attempt at this very transaction has written, or by somebody else.
        if let value, let found = try await get(state.checkpoint), found.value == value {
            return .applied(found.modRevision)
        }
        throw Self.takenOver("copy named \(state.name)")
    }

    /// Writes a value that is so big that the guard does not fit beside it, then the rest.
    private func commitAlone(
        _ put: ProtobufWriter, _ guarded: Guard, _ checkpoint: CopyCheckpoint?
    ) async throws(ReplicationError) -> GuardedOutcome {
        // The guard is looked at first; between the two there is a moment for which nobody answers.
        _ = try await commit(CopyBatch(), guarded)
        var request = ProtobufWriter(capacity: put.count + 16)
        request.message(2) { operation in operation.message(2) { $0.append(put) } }
        let message = request.bytes
        do {
            try await endpoints.perform(rounds: rounds) { (client) throws(EtcdError) in
                _ = try await client.commit(encodedTransaction: message, isIdempotent: true, timeout: timeout)
            }
        } catch {
            if error.code == .leaseNotFound { return .leaseMissing }
            throw ReplicationError(error, Self.subject)
        }
        return try await commit(CopyBatch(), guarded, checkpoint)
    }

    /// The newest revision, by a linearizable read of a key that nobody has.
    func revision() async throws(ReplicationError) -> Int64 {
        try await perform { (client) throws(EtcdError) in
            try await client.range(RangeRequest(.key([0]), content: .countOnly), timeout: timeout).header.revision
        }
    }
}
