public import Etcd

/// Compares the selected keys of two clusters: key, value, lease and count, in constant memory.
///
/// Both are read at pinned revisions, as two streams of pages in key order, so it may run while both are written to.
/// What a destination made by `CopyReplication` holds at any revision is known to be what the source held at one
/// (`CopyCheckpoint`), so such a comparison finds no difference that is only a matter of time.
public struct KeyspaceComparison: Sendable {
    /// How it is done.
    public struct Options: Sendable {
        /// How both sides are read.
        public var reading = CopyReplication.defaultReading
        /// How many differences are listed; all are counted.
        public var listedDifferences = 1_000
        /// Whether leases are compared: by ID where a copy has carried them, and otherwise only whether there is one.
        public var comparesLeases = true
        /// Whether leases must have the same ID, where no copy has carried them (as after an exact migration).
        public var requiresSameLeases = false
        /// How long one request may take.
        public var timeout: Duration = .seconds(15)

        /// The defaults.
        public init() {}
    }

    private let walk: ComparisonWalk
    private let options: Options

    /// Names both ends; nothing is asked yet.
    ///
    /// - Parameters:
    ///   - source: the one cluster.
    ///   - destination: the other.
    ///   - name: the name under which `CopyReplication` made the destination; nil if it was made in another way.
    ///   - selection: which keys are compared, and what they are called at the destination.
    ///   - options: the rest.
    public init(
        source: EtcdEndpoints, destination: EtcdEndpoints, name: String?, selection: KeySelection = .everything,
        options: Options = Options()
    ) {
        walk = ComparisonWalk(
            source: CopySource(endpoints: source, timeout: options.timeout),
            destination: CopyDestination(
                endpoints: destination, state: CopyState(name ?? ""), timeout: options.timeout),
            selection: selection, reading: options.reading, isCopy: name != nil)
        self.options = options
    }

    /// Compares.
    ///
    /// - Parameters:
    ///   - sourceRevision: the source's revision; nil for the one that the destination stands for, or the newest where
    ///     no copy tells.
    ///   - targetRevision: the destination's revision; nil for the newest.
    ///   - report: is told about every page.
    /// - Returns: what was found; differences are no error.
    /// - Throws: `ReplicationError`, with `compacted` if a revision was compacted meanwhile (compare again), with
    ///   `unavailable` if the copy has not brought everything yet, or a cluster does not answer.
    public func run(
        sourceRevision: Int64? = nil, targetRevision: Int64? = nil,
        report: @escaping @Sendable (ComparisonProgress) -> Void = { _ in }
    ) async throws -> KeyspaceComparisonResult {
        let pin = try await walk.pin(sourceRevision, targetRevision)
        var result = KeyspaceComparisonResult(
            sourceID: pin.sourceID, sourceRevision: pin.sourceRevision, targetRevision: pin.targetRevision,
            selection: walk.selection)
        try await walk.walk(pin, report: report, differences: { result.differenceCount }) { item, pair in
            if pair.source != nil { result.sourceKeys += 1 }
            if pair.target != nil { result.targetKeys += 1 }
            if isLeftAlone(pair, pin) {
                result.keptKeys += 1
                if pair.source != nil { result.uncomparedKeys += 1 }
                return
            }
            guard let kind = difference(pair, pin) else { return }
            result.counts[kind, default: 0] += 1
            guard result.differences.count < options.listedDifferences else { return }
            result.differences.append(
                KeyspaceDifference(
                    kind: kind, key: pair.sourceKey(item), sourceRevision: pair.source?.modRevision ?? 0,
                    targetRevision: pair.target?.modRevision ?? 0))
        }
        return result
    }

    /// Whether the conflict policy of the copy lets this key of the destination be.
    private func isLeftAlone(_ pair: KeyspaceMerge.Pair, _ pin: ComparisonWalk.Pin) -> Bool {
        guard let target = pair.target, pin.isForeign(target), let policy = pin.checkpoint?.policy else { return false }
        return policy == .keep || (policy == .overwrite && pair.source == nil)
    }

    private func difference(_ pair: KeyspaceMerge.Pair, _ pin: ComparisonWalk.Pin) -> KeyspaceDifference.Kind? {
        guard let source = pair.source else { return .unexpected }
        guard let target = pair.target else { return .missing }
        if !source.value.isSame(as: target.value) { return .value }
        guard options.comparesLeases, source.lease != target.lease || pin.checkpoint != nil else { return nil }
        if let carried = pin.leases[source.lease] { return carried == target.lease ? nil : .lease }
        if options.requiresSameLeases { return source.lease == target.lease ? nil : .lease }
        return (source.lease == 0) == (target.lease == 0) ? nil : .lease
    }
}

extension KeyspaceMerge.Pair {
    /// The key's name at the source, also if it is not there.
    func sourceKey(_ item: KeySelection.Item) -> [UInt8] {
        if let source { return [UInt8](source.key) }
        guard let target else { return [] }
        return item.prefix + target.key.dropFirst(item.target.count)
    }
}
