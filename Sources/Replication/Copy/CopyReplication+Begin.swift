internal import Etcd

extension CopyReplication {
    /// A process's turn at a copy: the checkpoint as it stands, and the proof that it is still ours.
    struct Turn: Sendable {
        var checkpoint: CopyCheckpoint
        var guarded: CopyDestination.Guard
        /// Whether nothing of ours is at the destination yet.
        var isFresh: Bool
    }

    /// Reads the checkpoint and takes the copy over, or begins it.
    func begin(
        _ head: ResponseHeader, _ carrier: LeaseCarrier, mustCompare: Bool
    ) async throws(ReplicationError) -> Turn {
        guard let (found, guarded) = try await destination.checkpoint() else { return try await beginNew(head) }
        guard found.sourceID == head.clusterID else {
            throw Self.otherSource(head.clusterID, expected: found.sourceID)
        }
        guard found.selection == selection.digest, found.policy == options.conflictPolicy else {
            throw ReplicationError(
                .diverged, CopyDestination.subject,
                "the copy named \(destination.state.name) was begun with another selection or conflict policy",
                remedy: "go on with those, or begin another migration")
        }
        var checkpoint = found
        checkpoint.session = CopyCheckpoint.newSession()
        try await carrier.load()
        // A source that has gone back has lost changes that are applied here.
        if mustCompare || head.revision < found.revision {
            checkpoint.phase = .copying
        } else if checkpoint.phase == .following, try await carrier.hasLost(selection, upTo: found.revision) {
            checkpoint.phase = .copying
        }
        let taken = try await destination.write(checkpoint, over: guarded)
        return Turn(checkpoint: checkpoint, guarded: taken, isFresh: false)
    }

    private func beginNew(_ head: ResponseHeader) async throws(ReplicationError) -> Turn {
        if options.conflictPolicy == .refuse { try await refuseConflicts() }
        let checkpoint = CopyCheckpoint(
            phase: .copying, sourceID: head.clusterID, base: try await destination.revision(),
            policy: options.conflictPolicy, selection: selection.digest)
        let guarded = try await destination.write(checkpoint, over: nil)
        return Turn(checkpoint: checkpoint, guarded: guarded, isFresh: true)
    }

    /// Refuses a destination that holds keys where copies are to go.
    private func refuseConflicts() async throws(ReplicationError) {
        var (first, count) = (nil as KeyValue?, Int64(0))
        for part in selection.parts {
            let answer = try await destination.perform { (client) throws(EtcdError) in
                try await client.range(RangeRequest(part.target, selection: .first(1)))
            }
            if first == nil { first = answer.keyValues.first }
            count += answer.count
        }
        guard let first else { return }
        throw ReplicationError(
            .conflict, CopyDestination.subject,
            "it holds \(count) \(count == 1 ? "key" : "keys") where keys are to be copied to, the first is \(first.keyText)",
            remedy: "empty it there, or choose the conflict policy Overwrite or Keep")
    }
}
