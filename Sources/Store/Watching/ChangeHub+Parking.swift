import Synchronization

/// A watch that has seen everything and left a receiver instead of a task that waits.
struct ParkedWatch: Sendable {
    let feed: RecordWatch.Feed
    let receiver: any WatchReceiver
    /// The revision up to which it has seen everything by itself.
    let position: Int64

    /// Tells it of changes, all of its kind that came up to a revision.
    fileprivate func tell(_ round: ChangeHub.Round) {
        let former = max(position, round.start)
        guard !round.gaps.contains(feed.query.kind.tableName) else {
            feed.hub.unpark(feed)
            return receiver.fellBehind(after: former)
        }
        var events = round.changes(of: feed.query.kind.tableName).filter { $0.revision > former }
            .compactMap { feed.event(for: $0) }
        if round.bookmarks.contains(feed.watcher) { events.append(.bookmark(round.head)) }
        guard !events.isEmpty else { return }
        receiver.receive(events, after: former, upTo: round.head)
    }
}

/// The watches without a task: one task tells them all, as changes come.
extension ChangeHub {
    /// What the receivers are to be told next.
    struct Round {
        fileprivate let watches: [ParkedWatch]
        fileprivate let changes: [String: [Change]]
        fileprivate let bookmarks: Set<UInt64>
        /// The revision up to which everything was told before.
        fileprivate let start: Int64
        fileprivate let head: Int64
        /// The kinds of which changes have left the memory before they were told.
        fileprivate let gaps: Set<String>

        fileprivate func changes(of kind: String) -> [Change] { changes[kind] ?? [] }
    }

    /// How many receivers are told before others get their turn on the thread.
    private static let stretch = 128
    /// How many changes are told at once, so that the lines of watches are still known when the last stream takes them.
    fileprivate static let roundLimit = 128

    /// Leaves a receiver in the place of a watcher that has seen everything up to `position`.
    func park(_ feed: RecordWatch.Feed, after position: Int64, _ receiver: any WatchReceiver) -> WatchParking {
        let kind = feed.query.kind.tableName
        let (parking, tells) = state.withLock { state -> (WatchParking, Bool) in
            switch state.present(for: feed.watcher, after: position, kind: kind) {
            case .ended: return (.ended, false)
            case .bookmark: state.bookmarksAsked.insert(feed.watcher)
            case .changes, .behind: return (.newer, false)
            case nil: break
            }
            let watch = ParkedWatch(feed: feed, receiver: receiver, position: max(position, state.head))
            state.parked[kind, default: [:]][feed.watcher] = watch
            return (.parked, state.beginTelling())
        }
        if tells { startTelling() }
        return parking
    }

    /// Takes a receiver away; it may still be told of what is on its way.
    func unpark(_ feed: RecordWatch.Feed) {
        // Let go of outside the lock: a feed that ends asks for it.
        let watch = state.withLock { $0.parked[feed.query.kind.tableName]?.removeValue(forKey: feed.watcher) }
        withExtendedLifetime(watch) {}
    }

    /// Begins the task that tells the receivers, and ends when they know everything.
    func startTelling() {
        Task {
            while let round = state.withLock({ $0.nextRound() }) {
                for (index, watch) in round.watches.enumerated() {
                    watch.tell(round)
                    if index % Self.stretch == Self.stretch - 1 { await Task.yield() }
                }
            }
        }
    }
}

extension ChangeHub.State {
    /// Whether a task has to be started that tells the receivers.
    mutating func beginTelling() -> Bool {
        guard !isTelling else { return false }
        guard isSomebodyToBeTold else {
            told = head
            gaps = []
            return false
        }
        isTelling = true
        return true
    }

    /// What to tell next, and whom; nil when everybody knows everything.
    fileprivate mutating func nextRound() -> ChangeHub.Round? {
        guard isSomebodyToBeTold else {
            isTelling = false
            told = head
            gaps = []
            return nil
        }
        let untold = recent.reversed().prefix { $0.revision > told }.count
        let next = recent.suffix(untold).prefix(ChangeHub.roundLimit)
        let isLast = next.count == untold
        let end = isLast ? head : next.last?.revision ?? head
        var changes: [String: [Change]] = [:]
        for change in next { changes[change.kindName, default: []].append(change) }
        // A bookmark says that everything is told.
        let bookmarks = (isLast ? bookmarksAsked : []).filter { watcher in parked.values.contains { $0[watcher] != nil }
        }
        bookmarksAsked.subtract(bookmarks)
        let watches = parked.flatMap { kind, watches in
            changes[kind] != nil || gaps.contains(kind) ? Array(watches.values) : bookmarks.compactMap { watches[$0] }
        }
        defer {
            told = end
            gaps = []
        }
        return ChangeHub.Round(
            watches: watches, changes: changes, bookmarks: bookmarks, start: told, head: end, gaps: gaps)
    }

    private var isSomebodyToBeTold: Bool {
        guard !isEnded, parked.contains(where: { !$0.value.isEmpty }) else { return false }
        let isWatched = { (kind: String) in parked[kind]?.isEmpty == false }
        return bookmarksAsked.contains { watcher in parked.values.contains { $0[watcher] != nil } }
            || gaps.contains(where: isWatched)
            || recent.reversed().prefix { $0.revision > told }.contains { isWatched($0.kindName) }
    }
}
