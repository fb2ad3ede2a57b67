public import Etcd

/// Compares the objects of two Kubernetes registries: how many there are of each resource in each namespace, and of
/// each its identity, generation and content without the resource version.
///
/// It says less about bytes than `KeyspaceComparison` and more about what they mean, so it also suits destinations in
/// which objects were written anew. It reads in the same way: at pinned revisions, in constant memory but for one
/// count per resource and namespace.
public struct KubernetesComparison: Sendable {
    private let walk: ComparisonWalk
    private let prefix: [UInt8]
    private let listedDifferences: Int

    /// Names both ends; nothing is asked yet.
    ///
    /// - Parameters:
    ///   - source: the one cluster.
    ///   - destination: the other.
    ///   - name: the name under which `CopyReplication` made the destination; nil if it was made in another way.
    ///   - selection: which keys are meant, and what they are called at the destination; of these, the registry's.
    ///   - registry: what its keys begin with: `/registry/`, or what the apiserver's `--etcd-prefix` says and a slash.
    ///   - listedDifferences: how many differences are listed; all are counted.
    /// - Throws: `ReplicationError` with `unsupported` if no key of the registry is selected.
    public init(
        source: EtcdEndpoints, destination: EtcdEndpoints, name: String?, selection: KeySelection = .everything,
        registry: String = "/registry/", listedDifferences: Int = 1_000
    ) throws(ReplicationError) {
        let timeout = Duration.seconds(15)
        walk = ComparisonWalk(
            source: CopySource(endpoints: source, timeout: timeout),
            destination: CopyDestination(endpoints: destination, state: CopyState(name ?? ""), timeout: timeout),
            selection: try selection.narrowed(to: registry),
            reading: CopyReplication.defaultReading, isCopy: name != nil)
        prefix = [UInt8](registry.utf8)
        self.listedDifferences = listedDifferences
    }

    /// Compares; see `KeyspaceComparison.run`.
    public func run(
        sourceRevision: Int64? = nil, targetRevision: Int64? = nil,
        report: @escaping @Sendable (ComparisonProgress) -> Void = { _ in }
    ) async throws -> KubernetesComparisonResult {
        let pin = try await walk.pin(sourceRevision, targetRevision)
        var result = KubernetesComparisonResult(
            sourceID: pin.sourceID, sourceRevision: pin.sourceRevision, targetRevision: pin.targetRevision)
        try await walk.walk(pin, report: report, differences: { result.differenceCount }) { item, pair in
            note(pair, item, &result)
        }
        return result
    }

    private func note(
        _ pair: KeyspaceMerge.Pair, _ item: KeySelection.Item, _ result: inout KubernetesComparisonResult
    ) {
        let source = pair.source.flatMap { KubernetesObject(stored: $0.value) }
        let isSame = pair.source.map { left in pair.target.map { left.value.isSame(as: $0.value) } ?? false } ?? false
        let target = isSame ? source : pair.target.flatMap { KubernetesObject(stored: $0.value) }
        let key = pair.sourceKey(item)
        let place = KubernetesPlace(String(decoding: key.dropFirst(prefix.count), as: UTF8.self)[...], source ?? target)
        if pair.source != nil, source == nil { result.undecodable += 1 }
        let kind = isSame ? nil : difference(pair, source, target)
        result.tallies[place, default: KubernetesComparisonResult.Tally()].source += pair.source == nil ? 0 : 1
        result.tallies[place]?.target += pair.target == nil ? 0 : 1
        guard let kind else { return }
        result.tallies[place]?.differing += 1
        result.counts[kind, default: 0] += 1
        if result.differences.count < listedDifferences {
            result.differences.append(KubernetesDifference(kind: kind, place: place, key: key))
        }
    }

    private func difference(
        _ pair: KeyspaceMerge.Pair, _ source: KubernetesObject?, _ target: KubernetesObject?
    ) -> KubernetesDifference.Kind? {
        if pair.target == nil { return .missing }
        if pair.source == nil { return .unexpected }
        guard let source, let target else { return .bytes }
        if source.uid != target.uid || source.name != target.name || source.namespace != target.namespace {
            return .identity
        }
        if source.generation != target.generation { return .generation }
        return source.content == target.content ? nil : .content
    }
}
