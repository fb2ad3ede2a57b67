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

    /// What a watch is about, and its place at the hub, which is given up with it.
    fileprivate final class Feed: Sendable {
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
    }

    /// The reader of a watch.
    public struct Iterator: AsyncIteratorProtocol {
        /// How many records or log entries are read from the file at a time.
        private static let stretch = 256

        private let feed: Feed
        private var pending: ArraySlice<WatchEvent> = []
        /// The revision up to which everything is told or pending; nil while the present state is being told.
        private var position: Int64?
        private var listed: ContinueToken?

        fileprivate init(_ feed: Feed) {
            self.feed = feed
            if case .after(let revision) = feed.start { position = revision }
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
                if let event = pending.popFirst() { return event }
                guard !Task.isCancelled else { return nil }
                guard let position else {
                    try await listNext()
                    continue
                }
                switch await feed.hub.next(
                    for: feed.watcher, after: position, kind: feed.query.kind.tableName)
                {
                case .ended: return nil
                case .bookmark(let revision):
                    self.position = revision
                    return .bookmark(revision)
                case .changes(let changes, let revision):
                    pending = ArraySlice(changes.compactMap { event(for: $0) })
                    self.position = revision
                case .behind: try await readLog(after: position)
                }
            }
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
                if let event = event(for: change) { pending.append(event) }
            }
            self.position = revision
        }

        /// What a change means to somebody who sees only the records of the query.
        private func event(for change: Change) -> WatchEvent? {
            let new = change.kind == .deleted ? nil : change.record
            let isNew = new.map { feed.query.matches($0) } ?? false
            guard let old = change.previous, feed.query.matches(old) else {
                return isNew ? .added(change.record) : nil
            }
            if isNew { return .modified(change.record, from: old) }
            return .deleted(change.kind == .deleted ? change.record : old.seen(at: change.revision))
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
