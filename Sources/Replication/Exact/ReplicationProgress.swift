/// How far an exact replication is.
public struct ReplicationProgress: Sendable, Hashable {
    /// The destination holds every revision of the source up to this one.
    public var applied: Int64 = 0
    /// The last revision on the local disk.
    public var spooled: Int64 = 0
    /// The newest revision of the source that is known.
    public var sourceRevision: Int64 = 0
    /// How long the oldest change that the destination lacks has been waiting; nil while the source is not known.
    public var lag: Duration?
    /// Revisions a second that were applied lately.
    public var ratePerSecond: Double = 0
    /// How many leases the destination has.
    public var leases = 0
    /// How many transactions were sent again because the destination took them out of order.
    public var repeats = 0
    /// Why it does not go on at the moment; nil while it does.
    public var failure: String?

    /// Makes an empty progress.
    public init() {}

    /// How many revisions of the source the destination lacks.
    public var revisionsBehind: Int64 { max(sourceRevision - applied, 0) }
}
