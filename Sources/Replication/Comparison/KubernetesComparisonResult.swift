/// What a comparison of the objects of two Kubernetes registries has found.
public struct KubernetesComparisonResult: Sendable, Hashable {
    /// How many objects there are of one resource in one namespace.
    public struct Tally: Sendable, Hashable {
        /// At the source.
        public var source = 0
        /// At the destination.
        public var target = 0
        /// How many are not the same at both.
        public var differing = 0
    }

    /// The source's cluster ID.
    public var sourceID: UInt64
    /// The source's revision that was compared.
    public var sourceRevision: Int64
    /// The destination's revision that was compared.
    public var targetRevision: Int64
    /// How many objects there are, by resource and namespace.
    public var tallies: [KubernetesPlace: Tally] = [:]
    /// How many values at the source could not be decoded (encrypted, or of another format); they were compared as
    /// bytes.
    public var undecodable = 0
    /// How many differences there are of each kind; kinds without any are left out.
    public var counts: [KubernetesDifference.Kind: Int] = [:]
    /// The first differences in key order, at most as many as asked for.
    public var differences: [KubernetesDifference] = []

    /// How many objects the source has.
    public var sourceObjects: Int { tallies.values.reduce(0) { $0 + $1.source } }

    /// How many objects the destination has.
    public var targetObjects: Int { tallies.values.reduce(0) { $0 + $1.target } }

    /// How many differences there are.
    public var differenceCount: Int { counts.values.reduce(0, +) }

    /// Whether there is none.
    public var isEqual: Bool { counts.isEmpty }
}
