/// One who is told of changes as they come, and needs no task that waits for them: thousands of quiet watches cost
/// little more than their places.
///
/// Called never while a lock of the store is held, and expected to return soon. One task tells it what came and that it
/// has fallen behind; that the store was closed it may be told at the same moment by another.
public protocol WatchReceiver: AnyObject, Sendable {
    /// Takes what came, which is everything up to a revision.
    ///
    /// Who cannot take it gives its place up and reads on with ``RecordWatch/iterator(after:)``.
    ///
    /// - Parameters:
    ///   - events: The events in their order; a bookmark only where one was asked for.
    ///   - former: The revision up to which everything was told before.
    ///   - revision: The revision up to which this is all.
    func receive(_ events: [WatchEvent], after former: Int64, upTo revision: Int64)

    /// Is told that it has fallen behind what is in memory: its place is given up, and it reads on for itself.
    ///
    /// - Parameter revision: The revision up to which everything was told.
    func fellBehind(after revision: Int64)

    /// Is told that the store was closed: its place is given up, and nothing more will come.
    func watchEnded()
}

/// What became of the wish to be told instead of asking.
public enum WatchParking: Sendable {
    /// The receiver will be told of everything that comes.
    case parked
    /// There is more to be read first.
    case newer
    /// The store was closed.
    case ended
}
