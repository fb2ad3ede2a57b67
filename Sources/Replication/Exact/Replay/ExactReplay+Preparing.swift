import Etcd

extension ExactReplay {
    /// Reads what has come, makes transactions of it and grants the leases they need.
    func prepare(_ window: inout ReplayWindow, _ reader: SpoolReader, _ guarding: inout ReplayGuard) async throws {
        var fresh: [RevisionChanges] = []
        var missing: Set<Int64> = []
        while fresh.count < window.room, let changes = try reader.read() {
            guard changes.revision > window.acknowledged else { continue }
            missing.formUnion(leases.missing(for: changes))
            fresh.append(changes)
            // So that a pile of huge revisions does not lie in memory.
            if changes.events.count > RevisionTransaction.width { break }
        }
        if !missing.isEmpty { try await leases.grant(missing) }
        for changes in fresh {
            let guarded = guarding.add(changes)
            let transaction = RevisionTransaction.make(changes, if: guarded.conditions)
            let isMass =
                changes.events.count >= options.massDeletion && RevisionTransaction.deletedRange(changes) != nil
            window.prepare(
                ReplayWindow.Item(
                    revision: changes.revision, seenAt: changes.seenAt,
                    bytes: try encoded(transaction, changes.revision, mayBeLarge: isMass), barrier: guarded.barrier,
                    mass: isMass ? changes : nil))
        }
    }

    /// Makes one `DeleteRange` of a mass deletion if the destination holds exactly these keys in the range.
    ///
    /// Only while nothing is under way: then nobody else changes what is counted.
    func decideMass(_ window: inout ReplayWindow) async throws {
        guard let changes = window.massFirst else { return }
        let transaction = try await transaction(of: changes, if: [])
        window.decideFirst(
            ReplayWindow.Item(
                revision: changes.revision, seenAt: changes.seenAt,
                bytes: try encoded(transaction, changes.revision), barrier: 0))
    }

    /// The transaction of a revision whose turn it is, after counting at the destination where that helps.
    func transaction(of changes: RevisionChanges, if conditions: [Compare]) async throws -> Transaction {
        var deletesRange = false
        if changes.events.count >= options.massDeletion, let range = RevisionTransaction.deletedRange(changes) {
            let count = try await destination.perform { (client) throws(EtcdError) in try await client.count(range) }
            deletesRange = count == changes.events.count
        }
        return RevisionTransaction.make(changes, if: conditions, deletesRange: deletesRange)
    }

    /// The transaction as it is sent, or an error that names the limit it is beyond.
    private func encoded(
        _ transaction: Transaction, _ revision: Int64, mayBeLarge: Bool = false
    ) throws(ReplicationError) -> [UInt8] {
        let bytes = transaction.encodedBytes
        let limit = destination.preferred.maximumRequestByteCount
        guard mayBeLarge || bytes.count <= limit else {
            throw ReplicationError(
                .refused, name,
                "revision \(revision) makes a request of \(bytes.count) bytes, and \(limit) are allowed",
                remedy: "start its members with a larger --max-request-bytes")
        }
        return bytes
    }
}
