internal import Model

/// What a watch tells.
public enum WatchEvent: Sendable, Equatable {
    /// A record exists that the watch had not told of, or came to match its selectors.
    case added(Record)
    /// A record says something else than before.
    case modified(Record, from: Record)
    /// A record is gone, or does not match any more; its last matching state with the revision of the change.
    case deleted(Record)
    /// Everything that existed at this revision has been told; once, in a watch that begins with the present state.
    case complete(Int64)
    /// Everything up to this revision has been told; only after ``RecordWatch/askBookmark()``.
    case bookmark(Int64)

    /// The revision up to which everything is told with this event.
    public var revision: Int64 {
        switch self {
        case .added(let record), .modified(let record, from: _), .deleted(let record): record.revision
        case .complete(let revision), .bookmark(let revision): revision
        }
    }
}

/// Where a watch begins.
public enum WatchStart: Sendable, Equatable {
    /// With everything that exists, told as added, and then what changes.
    case present
    /// With the first change after this revision, as a list returned it.
    case after(Int64)
}

/// The changes of records as they come, without end.
///
/// Ends when the task is cancelled or the store is closed. Fails with ``StoreError/expired(revision:oldest:)`` when the
/// start, or a reader that is too slow, falls behind the history; nothing is ever left out silently. To be iterated
/// once.
public struct RecordWatch: AsyncSequence, Sendable {
    private let feed: Feed

    init(
        _ query: RecordQuery, from start: WatchStart, reader: RecordReader, cache: RecordCache, hub: ChangeHub,
        path: String
    ) {
        feed = Feed(query: query, start: start, reader: reader, cache: cache, hub: hub, path: path)
    }

    /// Has the watch tell a ``WatchEvent/bookmark(_:)`` as soon as it has told everything else.
    public func askBookmark() {
        feed.hub.askBookmark(for: feed.watcher)
    }

    /// The iterator.
    public func makeAsyncIterator() -> Iterator {
        Iterator(feed)
    }

    /// The reader of what came after a revision up to which everything is known.
    public func iterator(after revision: Int64) -> Iterator {
        Iterator(feed, position: revision)
    }

    /// Gives up the place of a receiver, which may still be told of what is on its way.
    public func unpark() {
        feed.hub.unpark(feed)
    }

    /// What a watch is about, and its place at the hub, which is given up with it.
    final class Feed: Sendable {
        let query: RecordQuery
        let start: WatchStart
        let reader: RecordReader
        let cache: RecordCache
        let hub: ChangeHub
        let path: String
        let watcher: UInt64

        init(
            query: RecordQuery, start: WatchStart, reader: RecordReader, cache: RecordCache, hub: ChangeHub,
            path: String
        ) {
            self.query = query
            self.start = start
            self.reader = reader
            self.cache = cache
            self.hub = hub
            self.path = path
            watcher = hub.makeWatcher()
        }

        deinit {
            hub.forget(watcher)
        }

        /// What a change means to somebody who sees only the records of the query.
        func event(for change: Change) -> WatchEvent? {
            let new = change.kind == .deleted ? nil : change.record
            let isNew = new.map { query.matches($0) } ?? false
            guard let old = change.previous, query.matches(old) else {
                return isNew ? .added(change.record) : nil
            }
            if isNew { return .modified(change.record, from: old) }
            return .deleted(change.kind == .deleted ? change.record : old.seen(at: change.revision))
        }
    }

    /// The reader of a watch.
    public struct Iterator: AsyncIteratorProtocol {
        /// How many records or log entries are read from the file at a time.
        private static let stretch = 256

        private let feed: Feed
        private var pending: ArraySlice<WatchEvent> = []
        /// The revision up to which everything is told or pending; nil while the present state is being told.
        public private(set) var position: Int64?
        private var listed: ContinueToken?

        fileprivate init(_ feed: Feed, position: Int64? = nil) {
            self.feed = feed
            if case .after(let revision) = feed.start { self.position = revision }
            self.position = position ?? self.position
        }

        /// The next event; nil at the end.
        public mutating func next() async throws(StoreError) -> WatchEvent? {
            try await next(isolation: nil)
        }

        /// The next event; nil at the end.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(StoreError) -> WatchEvent? {
            while true {
                if let event = try await nextPresent() { return event }
                guard !Task.isCancelled, let position else { return nil }
                let answer = await feed.hub.next(for: feed.watcher, after: position, kind: feed.query.kind.tableName)
                guard try await take(answer, at: position) else { return nil }
            }
        }

        /// The next event that is there already; nil when everything is told, the task is cancelled or the store was
        /// closed.
        public mutating func nextPresent() async throws(StoreError) -> WatchEvent? {
            while true {
                if let event = pending.popFirst() { return event }
                guard !Task.isCancelled else { return nil }
                guard let position else {
                    try await listNext()
                    continue
                }
                let answer = feed.hub.present(for: feed.watcher, after: position, kind: feed.query.kind.tableName)
                guard let answer, try await take(answer, at: position) else { return nil }
            }
        }

        /// Leaves a receiver that is told of what comes from here on, once everything is told.
        ///
        /// - Parameter receiver: Who is told; kept until ``RecordWatch/unpark()`` or the end of the watch.
        /// - Returns: whether it is told from now on.
        public func park(_ receiver: any WatchReceiver) -> WatchParking {
            guard pending.isEmpty, let position else { return .newer }
            return feed.hub.park(feed, after: position, receiver)
        }

        /// Takes in what the hub says; false at the end.
        private mutating func take(_ answer: ChangeHub.Answer, at position: Int64) async throws(StoreError) -> Bool {
            switch answer {
            case .ended: return false
            case .bookmark(let revision):
                self.position = revision
                pending = [.bookmark(revision)]
            case .changes(let changes, let revision):
                pending = ArraySlice(changes.compactMap { feed.event(for: $0) })
                self.position = revision
            case .behind: try await readLog(after: position)
            }
            return true
        }

        /// Takes in the next stretch of the present state.
        private mutating func listNext() async throws(StoreError) {
            let list = try await feed.reader.list(
                feed.query, after: listed, limit: Self.stretch, cache: feed.cache, path: feed.path)
            pending = ArraySlice(list.records.map { .added($0) })
            listed = list.continuation
            guard listed == nil else { return }
            pending.append(.complete(list.revision))
            position = list.revision
        }

        /// Takes in the next stretch of the log.
        private mutating func readLog(after position: Int64) async throws(StoreError) {
            let (entries, revision) = try await feed.reader.changes(
                after: position, kind: feed.query.kind.tableName, limit: Self.stretch)
            for entry in entries {
                let change = Change(
                    kind: entry.kind, record: try entry.row.record(path: feed.path),
                    previous: try entry.previous?.record(path: feed.path))
                if let event = feed.event(for: change) { pending.append(event) }
            }
            self.position = revision
        }
    }
}

extension Record {
    /// This state under the revision of a later change, as Kubernetes reports a record that leaves a selection.
    fileprivate func seen(at revision: Int64) -> Record {
        var document = document
        var metadata = document["metadata"] ?? [:]
        metadata["resourceVersion"] = .string(String(revision))
        document["metadata"] = metadata
        return Record(id: id, revision: revision, document: document)
    }
}
