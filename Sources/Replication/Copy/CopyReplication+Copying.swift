internal import Etcd

extension CopyReplication {
    /// Brings the destination to one revision of the source, and notes that.
    func copy(_ turn: inout Turn, _ carrier: LeaseCarrier, _ meter: CopyMeter) async throws {
        let revision: Int64
        do {
            let head = try await source.head()
            guard head.clusterID == turn.checkpoint.sourceID else {
                throw Self.otherSource(head.clusterID, expected: turn.checkpoint.sourceID)
            }
            revision = head.revision
            meter.source(revision)
            if turn.isFresh {
                meter.begin(.bulk)
                try await writeAll(at: revision, turn, carrier, meter)
            } else {
                meter.begin(.difference)
                try await writeDifferences(at: revision, turn, carrier, meter)
            }
        } catch let error as ReplicationError where error.code == .compacted {
            throw CopyInterruption.compacted
        }
        // Written with the guard, so that nothing that is still on the way can be applied after it.
        turn.checkpoint.phase = .following
        turn.checkpoint.revision = revision
        turn.checkpoint.isPartial = false
        turn.guarded = try await destination.write(turn.checkpoint, over: turn.guarded)
        turn.isFresh = false
    }

    /// Writes every selected key as it was at `revision`.
    private func writeAll(
        at revision: Int64, _ turn: Turn, _ carrier: LeaseCarrier, _ meter: CopyMeter
    ) async throws {
        try await withWriter(turn, carrier, meter) { writer in
            for part in selection.parts {
                try await KeyspacePages.withPages(
                    of: source.endpoints, CopySource.subject, part.source, at: revision, options.reading
                ) { pages in
                    var isFirst = true
                    while let page = try await pages.next() {
                        // The first page was asked for with the whole range, so its count is that of all keys.
                        if isFirst { meter.expect(page.count) }
                        isFirst = false
                        let targets = try await carrier.bring(Self.leases(of: page))
                        page.forEachKeyValue { pair in writer.put(pair, part.item, targets[pair.lease] ?? 0) }
                        try await writer.send()
                    }
                }
            }
        }
    }

    /// Compares both sides, the source as it was at `revision`, and writes what differs.
    private func writeDifferences(
        at revision: Int64, _ turn: Turn, _ carrier: LeaseCarrier, _ meter: CopyMeter
    ) async throws {
        let targetRevision = try await destination.revision()
        let policy = turn.checkpoint.policy
        try await withWriter(turn, carrier, meter, counts: false) { writer in
            for part in selection.parts {
                try await withMerge(part, revision, targetRevision) { merge in
                    var isFirst = true
                    var targets: [Int64: Int64] = [:]
                    while try await merge.advance({ page in
                        if isFirst { meter.expect(page.count) }
                        isFirst = false
                        meter.note(keys: page.keyCount, bytes: 0)
                        targets = try await carrier.bring(Self.leases(of: page))
                    }) {
                        merge.visit { pair in
                            // What was there before us is not ours to remove, and with Keep not ours to change.
                            let isForeign = pair.target.map { $0.modRevision <= turn.checkpoint.base } ?? false
                            guard let key = pair.source else {
                                if let extra = pair.target, !isForeign { writer.delete([UInt8](extra.key)) }
                                return
                            }
                            let lease = targets[key.lease] ?? 0
                            if isForeign, policy == .keep { return }
                            // What was there before is written all the same: only then is it ours, to be removed when
                            // it is removed at the source.
                            if !isForeign, let copy = pair.target, copy.lease == lease, copy.value.isSame(as: key.value)
                            {
                                return
                            }
                            writer.put(key, part.item, lease)
                        }
                        try await writer.send()
                    }
                }
            }
        }
    }

    private func withMerge(
        _ part: KeySelection.Part, _ revision: Int64, _ targetRevision: Int64,
        _ body: (inout KeyspaceMerge) async throws -> Void
    ) async throws {
        try await KeyspacePages.withPages(
            of: source.endpoints, CopySource.subject, part.source, at: revision, options.reading
        ) { left in
            try await KeyspacePages.withPages(
                of: destination.endpoints, CopyDestination.subject, part.target, at: targetRevision, options.reading
            ) { right in
                var merge = KeyspaceMerge(source: left, target: right, part.item)
                try await body(&merge)
            }
        }
    }

    /// The leases that keys of a page are attached to.
    private static func leases(of page: RangePage) -> Set<Int64> {
        var leases: Set<Int64> = []
        page.forEachKeyValue { if $0.lease != 0 { leases.insert($0.lease) } }
        return leases
    }
}
