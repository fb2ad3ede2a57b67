internal import Etcd

extension CopyReplication {
    /// Applies the source's changes as they come, until it fails.
    func follow(_ turn: inout Turn, _ carrier: LeaseCarrier, _ meter: CopyMeter) async throws {
        meter.begin(.tail)
        meter.applied(turn.checkpoint.revision, changes: 0, bytes: 0)
        var options = WatchStream.Options()
        options.bufferByteCount = 8 << 20
        options.maximumPause = .seconds(2)
        do {
            try await source.endpoints.withWatchStream(options: options) { stream in
                let watch = stream.watch(.all, from: turn.checkpoint.revision + 1)
                var plan = TailPlan(after: turn.checkpoint.revision, limits: limits)
                var lastWritten = ContinuousClock.now
                while true {
                    // A checkpoint that stays behind is written when nothing comes, or it would point at history that
                    // is compacted some day.
                    let isBehind = plan.revision > turn.checkpoint.revision
                    var next = try await Self.next(of: watch, within: isBehind ? .seconds(2) : nil)
                    // While one transaction was under way, more may have come: it becomes the next one.
                    while let batch = next {
                        meter.source(max(batch.revision, batch.header.revision))
                        try take(batch, &plan)
                        next = plan.isFull ? nil : watch.nextIfHere()
                    }
                    for step in plan.takeSteps() {
                        let isDue = ContinuousClock.now - lastWritten > .seconds(2)
                        guard !step.writes.isEmpty || isDue else {
                            // Nothing that is selected: the report need not wait for the checkpoint.
                            meter.applied(step.revision, changes: 0, bytes: 0)
                            continue
                        }
                        try await apply(step, &turn, carrier, meter)
                        lastWritten = .now
                    }
                }
            }
        } catch let error as EtcdError {
            guard error.code != .compacted else { throw CopyInterruption.compacted }
            // The stream ends with "cancelled" only when this task does.
            try Task.checkCancellation()
            throw ReplicationError(error, CopySource.subject)
        }
    }

    /// Waits for what comes next, nil if nothing comes in time.
    private static func next(of watch: Watch, within limit: Duration?) async throws -> WatchBatch? {
        guard let limit else { return try await watch.next() }
        return try await withThrowingTaskGroup(of: WatchBatch?.self) { group in
            group.addTask {
                do {
                    return try await watch.next()
                } catch {
                    // Given up because the time is over: nothing was taken.
                    guard Task.isCancelled else { throw error }
                    return nil
                }
            }
            group.addTask {
                do {
                    try await Task.sleep(for: limit)
                } catch {
                    return nil  // Something has come first.
                }
                return nil
            }
            var batch: WatchBatch?
            while let ended = try await group.next() {
                batch = batch ?? ended
                group.cancelAll()
            }
            return batch
        }
    }

    private func take(_ batch: WatchBatch, _ plan: inout TailPlan) throws {
        var isWhole = true
        batch.forEachEvent { event in
            if isWhole { isWhole = plan.add(revision: event.keyValue.modRevision, write(for: event)) }
        }
        guard isWhole else { throw CopyInterruption.gap }
        plan.finish(upTo: batch.revision)
    }

    /// What a change of the source means at the destination; nil if the key is not selected.
    private func write(for event: WatchEventView) -> TailPlan.Write? {
        guard let key = selection.target(of: event.keyValue.key) else { return nil }
        return switch event.kind {
        case .delete: TailPlan.Write(key: key, value: nil)
        case .put: TailPlan.Write(key: key, value: [UInt8](event.keyValue.value), lease: event.keyValue.lease)
        }
    }

    /// Applies one transaction with its checkpoint.
    private func apply(
        _ step: TailPlan.Step, _ turn: inout Turn, _ carrier: LeaseCarrier, _ meter: CopyMeter
    ) async throws {
        let targets = try await carrier.bring(Set(step.writes.lazy.filter { $0.value != nil }.map(\.lease)))
        var batch = CopyBatch(keepingUpTo: turn.checkpoint.policy == .keep ? turn.checkpoint.base : nil)
        for write in step.writes {
            if let value = write.value {
                batch.put(write.key, value, lease: targets[write.lease] ?? 0)
            } else {
                batch.delete(write.key)
            }
        }
        var checkpoint = turn.checkpoint
        checkpoint.revision = step.revision
        checkpoint.isPartial = step.isPartial
        for _ in 0..<5 {
            switch try await destination.commit(batch, turn.guarded, checkpoint) {
            case .applied(let revision):
                turn.checkpoint = checkpoint
                turn.guarded = CopyDestination.Guard(revision: revision)
                meter.applied(step.revision, changes: step.changes, bytes: batch.byteCount)
                return
            case .leaseMissing: try await carrier.restore(batch.leases)
            }
        }
        throw CopyInterruption.leasesLost
    }
}
