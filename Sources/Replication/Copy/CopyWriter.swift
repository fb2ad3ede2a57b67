internal import Etcd

/// Packs writes of different keys into transactions and has several of them under way at a time.
///
/// One task packs, in order; `send` hands over what is full and waits while too much is under way.
final class CopyWriter {
    private let limits: CopyBatch.Limits
    private let kept: Int64?
    private let batches: Handover<CopyBatch>
    private var batch: CopyBatch
    private var full: [CopyBatch] = []

    /// Makes a writer that hands each transaction to those who apply it.
    init(keepingUpTo kept: Int64?, _ limits: CopyBatch.Limits, _ batches: Handover<CopyBatch>) {
        self.kept = kept
        self.limits = limits
        self.batches = batches
        batch = CopyBatch(keepingUpTo: kept)
    }

    /// Packs a key of the source under its name at the destination.
    func put(_ pair: KeyValueView, _ item: KeySelection.Item, _ lease: Int64) {
        makeRoom(for: pair.key.count + item.target.count + pair.value.count)
        batch.put(pair.key, droppingFirst: item.prefix.count, prefix: item.target, pair.value, lease: lease)
    }

    /// Packs a deletion.
    func delete(_ key: [UInt8]) {
        makeRoom(for: key.count)
        batch.delete(key)
    }

    /// Hands over all transactions that are full.
    func send() async throws {
        for batch in full { try await batches.send(batch) }
        full = []
    }

    /// Hands over everything.
    func finish() async throws {
        if batch.operations > 0 { full.append(batch) }
        batch = CopyBatch(keepingUpTo: kept)
        try await send()
    }

    private func makeRoom(for byteCount: Int) {
        guard !batch.hasRoom(for: byteCount, limits) else { return }
        full.append(batch)
        batch = CopyBatch(keepingUpTo: kept)
    }
}

extension CopyReplication {
    /// How much goes into a transaction.
    var limits: CopyBatch.Limits {
        CopyBatch.Limits(
            operations: max(min(options.operationsPerTransaction, options.conflictPolicy == .keep ? 62 : .max), 1),
            bytes: options.bytesPerTransaction)
    }

    /// Lends a writer whose transactions are applied only while the turn is ours, and waits until all are.
    func withWriter(
        _ turn: Turn, _ carrier: LeaseCarrier, _ meter: CopyMeter, counts: Bool = true,
        _ body: (CopyWriter) async throws -> Void
    ) async throws {
        let kept = turn.checkpoint.policy == .keep ? turn.checkpoint.base : nil
        let batches = Handover<CopyBatch>(capacity: 2)
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer {
                batches.end(.failure(CancellationError()))
                group.cancelAll()
            }
            for _ in 0..<max(options.transactionsInFlight, 1) {
                group.addTask {
                    do {
                        while let batch = try await batches.next() {
                            try await apply(batch, turn, carrier)
                            meter.note(keys: counts ? batch.operations : 0, bytes: batch.byteCount)
                        }
                    } catch {
                        // Whoever packs is told, and ends the others.
                        batches.end(.failure(error))
                        throw error
                    }
                }
            }
            try await withTaskCancellationHandler {
                let writer = CopyWriter(keepingUpTo: kept, limits, batches)
                try await body(writer)
                try await writer.finish()
            } onCancel: {
                batches.end(.failure(CancellationError()))
            }
            batches.end(.success(()))
            // The first failure ends the others; waitForAll() would wait for them first.
            while try await group.next() != nil {}
        }
    }

    private func apply(_ batch: CopyBatch, _ turn: Turn, _ carrier: LeaseCarrier) async throws {
        for _ in 0..<5 {
            switch try await destination.commit(batch, turn.guarded) {
            case .applied: return
            case .leaseMissing: try await carrier.restore(batch.leases)
            }
        }
        throw CopyInterruption.leasesLost
    }
}
