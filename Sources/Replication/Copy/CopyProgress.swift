/// How far a copy is.
public struct CopyProgress: Sendable, Equatable {
    /// What it is doing.
    public enum Phase: String, Sendable, Hashable {
        /// Writing every key as it was at one revision.
        case bulk = "Bulk"
        /// Comparing both sides and writing what differs.
        case difference = "Difference"
        /// Applying the source's changes as they come.
        case tail = "Tail"
    }

    /// What it is doing.
    public var phase = Phase.bulk
    /// How much the phase has done since it began.
    ///
    /// In the bulk phase keys written, in a difference run keys of the source compared, in the tail changes applied.
    public var keysCopied = 0
    /// How many keys the source has at the revision that is read; 0 until that is known, and in the tail.
    public var keysTotal = 0
    /// The size of what was written since the process began, in bytes.
    public var bytes = 0
    /// The source's revision up to which the destination has everything; 0 before the tail.
    ///
    /// It also moves over changes that are not selected, so that a cut-over can wait for any revision.
    public var applied: Int64 = 0
    /// The newest revision of the source that is known.
    public var sourceRevision: Int64 = 0
    /// For how long the destination has been behind, at most; nil before the tail.
    public var lag: Duration?
    /// `keysCopied` per second in the last seconds.
    public var ratePerSecond = 0.0
    /// How often it had to compare both sides: after a kill in the bulk phase, a compaction that passed it, or leases
    /// that ended because nobody could renew them.
    public var differenceRuns = 0
    /// Why it is waiting and will try again by itself; nil if it is not.
    public var waiting: ReplicationError?

    /// Nothing yet.
    public init() {}
}
