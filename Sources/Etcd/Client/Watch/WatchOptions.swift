/// What a watch delivers.
public struct WatchOptions: Sendable, Hashable {
    /// Kinds of events.
    public enum Events: Sendable, Hashable {
        /// Writes and deletions.
        case all
        /// Writes only.
        case puts
        /// Deletions only.
        case deletions
    }

    /// Which events are wanted.
    public var events: Events
    /// Whether events bring what the key held before.
    public var includesPrevious: Bool
    /// Whether empty batches say up to which revision nothing happened.
    ///
    /// They come only from members that report that in order with the events (from etcd 3.4.25 and 3.5.8 on); from
    /// older ones it would not be true.
    public var reportsProgress: Bool

    /// Makes options.
    public init(events: Events = .all, includesPrevious: Bool = false, reportsProgress: Bool = false) {
        self.events = events
        self.includesPrevious = includesPrevious
        self.reportsProgress = reportsProgress
    }
}
