public import Etcd

/// How far a replication of a v2 store is.
public struct LegacyProgress: Sendable, Equatable {
    /// What it is doing.
    public enum Phase: String, Sendable, Hashable {
        /// Reading the tree and writing what differs at the destination.
        case walk = "Walk"
        /// Applying changes as they come.
        case tail = "Tail"
    }

    /// What it is doing.
    public var phase = Phase.walk
    /// In a walk, keys of the source compared with the destination and written if they differ; then, changes applied.
    public var keysCopied = 0
    /// In a walk, how many keys have been found so far, for want of a count in the API; then 0.
    public var keysTotal = 0
    /// The source's index up to which the destination has everything; 0 before the first tail.
    ///
    /// It also moves over changes that the destination does not need, so that a cut-over can wait for any index.
    public var applied: UInt64 = 0
    /// The newest index of the source that is known.
    public var sourceIndex: UInt64 = 0
    /// For how long the destination has been behind, at most; nil before the tail.
    ///
    /// It grows also while the source does not answer, since nobody knows then what it has.
    public var lag: Duration?
    /// Why it is waiting and will try again by itself; nil if it is not.
    public var waiting: ReplicationError?
    /// How often the tree had to be read again because changes came faster than the store keeps its history.
    public var walksRepeated = 0
    /// The hidden nodes that are known, declared or found; what lies below them is taken.
    public var hidden: Set<LegacyPath> = []
    /// Changes whose key or value holds U+FFFD: perhaps bytes that are not UTF-8, which the v2 API cannot show.
    public var doubtful = 0
    /// Leases that stand for times to live.
    public var leases = 0

    /// Nothing yet.
    public init() {}
}
