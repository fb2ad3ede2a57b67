/// What a comparison of two keyspaces has found.
public struct KeyspaceComparisonResult: Sendable, Hashable {
    /// The source's cluster ID.
    public var sourceID: UInt64
    /// The source's revision that was compared.
    public var sourceRevision: Int64
    /// The destination's revision that was compared.
    public var targetRevision: Int64
    /// Which keys were compared.
    public var selection: KeySelection
    /// How many selected keys the source has.
    public var sourceKeys = 0
    /// How many keys the destination has where they belong.
    public var targetKeys = 0
    /// How many keys of the destination were passed over, because they were there before the copy and its conflict
    /// policy lets them be.
    public var keptKeys = 0
    /// How many keys of the source were not compared because of that: what they hold may be nowhere else.
    public var uncomparedKeys = 0
    /// How many differences there are of each kind; kinds without any are left out.
    public var counts: [KeyspaceDifference.Kind: Int] = [:]
    /// The first differences in key order, at most as many as asked for.
    public var differences: [KeyspaceDifference] = []

    /// How many differences there are.
    public var differenceCount: Int { counts.values.reduce(0, +) }

    /// Whether there is none.
    public var isEqual: Bool { counts.isEmpty }

    /// What it proves; nil if there are differences, or if keys of the source were not compared.
    public var proof: ComparisonProof? {
        guard isEqual, uncomparedKeys == 0 else { return nil }
        return ComparisonProof(sourceID: sourceID, sourceRevision: sourceRevision, selection: selection)
    }
}
