import Synchronization

/// The watch streams that are open: counts them, and tells each how time passes, so that none needs a timer.
final class WatchBoard: Sendable {
    private let streams = Mutex<[ObjectIdentifier: WatchStream]>([:])

    /// How many are open.
    var count: Int { streams.withLock(\.count) }

    func add(_ stream: WatchStream) {
        streams.withLock { $0[ObjectIdentifier(stream)] = stream }
    }

    func remove(_ stream: WatchStream) {
        streams.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(stream)) }
    }

    /// Ends those whose time is up and sends the bookmarks that are due.
    func tick(at now: ContinuousClock.Instant) {
        for stream in streams.withLock({ Array($0.values) }) { stream.tick(at: now) }
    }
}
