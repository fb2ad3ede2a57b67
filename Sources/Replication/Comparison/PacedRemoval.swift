public import Etcd

/// Removes keys from a source that a comparison has proven to be at the destination, in small batches with pauses.
///
/// Only what is still as it was compared is removed: a key that was changed since has a newer revision and stays, and
/// each deletion has that as its condition. Nothing is kept of how far it is, since what is left tells: a removal that
/// was killed is begun again with the same proof.
public struct PacedRemoval: Sendable {
    /// How fast it goes.
    public struct Options: Sendable {
        /// How many keys one transaction removes, 64 at most with etcd's defaults.
        public var keysPerBatch = 50
        /// The pause after each.
        public var pause: Duration = .milliseconds(100)
        /// How long one request may take.
        public var timeout: Duration = .seconds(15)

        /// The defaults: 500 keys per second at most.
        public init() {}
    }

    /// How far it is.
    public struct Progress: Sendable, Hashable {
        /// How many keys have been removed.
        public var removed = 0
        /// How many keys stay because they were changed or created after the comparison.
        public var changed = 0
        /// How many selected keys there were when this run began.
        public var total = 0
    }

    private let source: CopySource
    private let proof: ComparisonProof
    private let options: Options

    /// Names the source, and what was proven of it.
    public init(from source: EtcdEndpoints, proof: ComparisonProof, options: Options = Options()) {
        self.source = CopySource(endpoints: source, timeout: options.timeout)
        self.proof = proof
        self.options = options
    }

    /// Removes until nothing is left that was proven.
    ///
    /// - Parameter report: is told after every batch.
    /// - Returns: what was done in this run.
    /// - Throws: `ReplicationError` with `diverged` if this is not the cluster that was compared.
    public func run(report: @escaping @Sendable (Progress) -> Void = { _ in }) async throws -> Progress {
        var progress = Progress()
        var isFirst = true
        while true {
            let head = try await source.head()
            guard head.clusterID == proof.sourceID else {
                throw CopyReplication.otherSource(head.clusterID, expected: proof.sourceID)
            }
            guard head.revision >= proof.sourceRevision else {
                throw ReplicationError(
                    .diverged, CopySource.subject,
                    "its revision \(head.revision) is below the one that was compared, \(proof.sourceRevision)",
                    remedy: "compare again: it has lost history")
            }
            do {
                progress.changed = 0
                try await pass(at: head.revision, isFirst, &progress, report)
                return progress
            } catch let error as ReplicationError where error.code == .compacted {
                isFirst = false  // What is left is read again at a newer revision.
            }
        }
    }

    private func pass(
        at revision: Int64, _ isFirst: Bool, _ progress: inout Progress, _ report: (Progress) -> Void
    ) async throws {
        for part in proof.selection.parts {
            try await KeyspacePages.withPages(
                of: source.endpoints, CopySource.subject, part.source, at: revision, CopyReplication.defaultReading
            ) { pages in
                var isFirstPage = true
                while let page = try await pages.next() {
                    if isFirst, isFirstPage { progress.total += Int(page.count) }
                    isFirstPage = false
                    var keys: [(key: [UInt8], revision: Int64)] = []
                    page.forEachKeyValue { pair in
                        if pair.modRevision <= proof.sourceRevision {
                            keys.append(([UInt8](pair.key), pair.modRevision))
                        } else {
                            progress.changed += 1
                        }
                    }
                    var rest = keys[...]
                    while !rest.isEmpty {
                        let batch = rest.prefix(min(max(options.keysPerBatch, 1), 64))
                        rest = rest.dropFirst(batch.count)
                        let removed = try await remove(batch)
                        progress.removed += removed
                        progress.changed += batch.count - removed
                        report(progress)
                        try await Task.sleep(for: options.pause)
                    }
                }
            }
        }
    }

    private func remove(_ keys: ArraySlice<(key: [UInt8], revision: Int64)>) async throws(ReplicationError) -> Int {
        let transaction = Transaction(
            then: keys.map { key, revision in
                .transaction(
                    Transaction(
                        if: [.isUnchanged(key, since: revision)], then: [.deleteRange(DeleteRangeRequest(.key(key)))]))
            })
        let response = try await source.perform { (client) throws(EtcdError) in
            try await client.commit(transaction, isIdempotent: true, timeout: source.timeout)
        }
        return response.results.reduce(0) { count, result in
            if case .transaction(let inner) = result, inner.succeeded { count + 1 } else { count }
        }
    }
}
