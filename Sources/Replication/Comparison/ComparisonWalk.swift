internal import Etcd

/// Goes through the selected keys of two clusters at pinned revisions, for one comparison or another.
struct ComparisonWalk: Sendable {
    /// The revisions that are compared, and what explains the destination at its one.
    struct Pin: Sendable {
        var sourceID: UInt64
        var sourceRevision: Int64
        var targetRevision: Int64
        /// The copy that made the destination, if it was one.
        var checkpoint: CopyCheckpoint?
        /// The leases of the destination by those of the source, as far as they were carried by that copy.
        var leases: [Int64: Int64] = [:]

        /// Whether a key of the destination was there before the copy.
        func isForeign(_ pair: KeyValueView) -> Bool {
            checkpoint.map { pair.modRevision <= $0.base } ?? false
        }
    }

    let source: CopySource
    let destination: CopyDestination
    let selection: KeySelection
    let reading: KeyspaceReader.Options
    /// Whether the destination is that of a copy of this name.
    let isCopy: Bool

    /// Decides which revisions are compared.
    ///
    /// At any revision of the destination the copy's checkpoint says which revision of the source it stands for, so
    /// both can be compared while the source is written to and the copy goes on.
    func pin(_ sourceRevision: Int64?, _ targetRevision: Int64?) async throws -> Pin {
        guard isCopy else { return try await plainPin(sourceRevision, targetRevision) }
        for _ in 0..<200 {
            let targetRevision =
                if let targetRevision { targetRevision } else { try await destination.revision() }
            let found = try await get(destination.state.checkpoint, at: targetRevision)
            guard let checkpoint = found.flatMap({ CopyCheckpoint(decoding: $0.value) }) else {
                throw ReplicationError(
                    .unsupported, CopyDestination.subject,
                    "no copy named \(destination.state.name) has been begun there",
                    remedy: "begin it first")
            }
            guard checkpoint.phase == .following else {
                throw ReplicationError(
                    .unavailable, CopyDestination.subject, "the copy has not brought everything yet",
                    remedy: "it is compared again when it has")
            }
            // In the middle of a revision that is too big for one transaction; the next state is a moment away.
            if checkpoint.isPartial {
                try await Task.sleep(for: .milliseconds(25))
                continue
            }
            let head = try await source.head()
            guard head.clusterID == checkpoint.sourceID else {
                throw CopyReplication.otherSource(head.clusterID, expected: checkpoint.sourceID)
            }
            return Pin(
                sourceID: head.clusterID, sourceRevision: sourceRevision ?? checkpoint.revision,
                targetRevision: targetRevision, checkpoint: checkpoint, leases: try await leases(at: targetRevision))
        }
        throw ReplicationError(
            .unavailable, CopyDestination.subject, "one revision of the source is being applied for several seconds",
            remedy: "it is compared again")
    }

    private func plainPin(_ sourceRevision: Int64?, _ targetRevision: Int64?) async throws -> Pin {
        let head = try await source.head()
        return Pin(
            sourceID: head.clusterID, sourceRevision: sourceRevision ?? head.revision,
            targetRevision: try await { () async throws in
                if let targetRevision { targetRevision } else { try await destination.revision() }
            }())
    }

    private func get(_ key: [UInt8], at revision: Int64) async throws(ReplicationError) -> KeyValue? {
        try await destination.perform { (client) throws(EtcdError) in try await client.get(key, revision: revision) }
    }

    private func leases(at revision: Int64) async throws(ReplicationError) -> [Int64: Int64] {
        let request = RangeRequest(.prefix(destination.state.leases), revision: revision)
        let markers = try await destination.perform { (client) throws(EtcdError) in
            try await client.range(request).keyValues
        }
        return Dictionary(
            markers.compactMap { marker in destination.state.lease(of: marker.key).map { ($0, marker.lease) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// Visits every key of either side in key order, part by part, and tells after every page how far it is.
    ///
    /// `differences` is how many have been found so far.
    func walk(
        _ pin: Pin, report: (ComparisonProgress) -> Void, differences: () -> Int,
        _ visit: (KeySelection.Item, KeyspaceMerge.Pair) -> Void
    ) async throws {
        var progress = ComparisonProgress()
        try await walk(
            pin, expect: { progress.keysTotal += Int($0) },
            passed: { keys in
                progress.keysCompared += keys
                progress.differences = differences()
                report(progress)
            }, visit)
        progress.differences = differences()
        report(progress)
    }

    /// Visits every key of either side in key order, part by part.
    ///
    /// - Throws: `ReplicationError` with `compacted` if one of the revisions is no longer there.
    private func walk(
        _ pin: Pin, expect: (Int64) -> Void, passed: (Int) -> Void,
        _ visit: (KeySelection.Item, KeyspaceMerge.Pair) -> Void
    ) async throws {
        do {
            for part in selection.parts {
                try await KeyspacePages.withPages(
                    of: source.endpoints, CopySource.subject, part.source, at: pin.sourceRevision, reading
                ) { left in
                    try await KeyspacePages.withPages(
                        of: destination.endpoints, CopyDestination.subject, part.target, at: pin.targetRevision, reading
                    ) { right in
                        var merge = KeyspaceMerge(source: left, target: right, part.item)
                        var isFirst = true
                        while try await merge.advance({ page in
                            // The first page was asked for with the whole range, so its count is that of all keys.
                            if isFirst { expect(page.count) }
                            isFirst = false
                            passed(page.keyCount)
                        }) {
                            merge.visit { visit(part.item, $0) }
                        }
                    }
                }
            }
        } catch let error as ReplicationError where error.code == .compacted {
            throw ReplicationError(
                .compacted, error.subject, "a revision that was being compared has been compacted",
                remedy: "compare again, at newer revisions")
        } catch {
            // What the readers were ended with is not what ended them.
            try Task.checkCancellation()
            throw error
        }
    }
}
