/// Reads a big range of keys at one revision, in key order, several pages at a time and in constant memory.
///
/// The range is read as many near ranges (see `KeyspacePlan`), a few at a time, from the member given first, or from
/// the others when that one does not answer. All of them are read at the same revision, so what is read is the state of
/// the keyspace at that revision even while it changes; if the revision is compacted meanwhile, the reader fails with
/// `compacted` and must start again.
///
/// The very first request has to ask for the whole range, which costs the member about 0.4 µs per key once (40 ms for
/// 100,000 keys, 4 s for ten million), during which it takes no writes. For keyspaces in the millions a snapshot is the
/// kinder way.
public struct KeyspaceReader: Sendable {
    /// How a range is read.
    public struct Options: Sendable {
        /// How many pages are requested or kept at a time; memory is about this times `pageBytes`.
        public var pagesInFlight = 8
        /// The size that pages should have, in bytes.
        public var pageBytes = 2 << 20
        /// The number of keys that pages have at most, give or take a half.
        public var maximumPageKeys = 4_000
        /// The number of keys of the first page, when nothing is known about their size.
        public var firstPageKeys = 500
        /// How long one request may take.
        public var timeout: Duration = .seconds(30)
        /// How often every member is asked before a failure counts.
        public var rounds = 4

        /// The defaults.
        public init() {}
    }

    /// What was read.
    public struct Summary: Sendable, Hashable {
        /// The revision it was read at.
        public var revision: Int64
        /// How many keys there were.
        public var keys = 0
        /// The size of all answers, in bytes.
        public var bytes = 0
        /// How many requests it took.
        public var requests = 0
    }

    private let endpoints: EtcdEndpoints
    private let range: KeyRange
    private let revision: Int64?
    private let options: Options

    /// Makes a reader.
    ///
    /// - Parameters:
    ///   - endpoints: the members to read from, the preferred one first.
    ///   - range: the keys to read.
    ///   - revision: the revision to read at; nil for the newest when reading begins.
    ///   - options: the rest.
    public init(
        _ endpoints: EtcdEndpoints, _ range: KeyRange, revision: Int64? = nil, options: Options = Options()
    ) {
        self.endpoints = endpoints
        self.range = range
        self.revision = revision
        self.options = options
    }

    /// Reads the range and calls `body` with one page after the other.
    ///
    /// While `body` works, the next pages are under way. A page may be kept and handed to other tasks.
    ///
    /// - Throws: `EtcdError`, or what `body` throws, after which nothing more is read.
    @discardableResult
    public func forEachPage(_ body: (RangePage) async throws -> Void) async throws -> Summary {
        let pinned = try await pinnedRevision()
        var summary = Summary(revision: pinned)
        var plan = KeyspacePlan(range: range, options: options)
        var arrived: [Int: RangePage] = [:]
        try await withThrowingTaskGroup(of: (id: Int, page: RangePage).self) { group in
            while !plan.isFinished {
                while let fetch = plan.nextFetch() {
                    summary.requests += 1
                    group.addTask { (fetch.id, try await page(fetch, at: pinned)) }
                }
                if let id = plan.nextDelivery() {
                    guard let page = arrived.removeValue(forKey: id) else { continue }
                    summary.keys += page.keyCount
                    summary.bytes += page.byteCount
                    if page.keyCount > 0 { try await body(page) }
                    continue
                }
                guard let (id, page) = try await group.next() else { break }
                arrived[id] = page
                plan.complete(id, KeyspacePlan.Page(page))
            }
        }
        return summary
    }

    /// Reads the range and calls `body` with every key-value pair, which is only lent: `KeyValue(_:)` copies it.
    @discardableResult
    public func forEachKeyValue(_ body: (KeyValueView) throws -> Void) async throws -> Summary {
        try await forEachPage { page in try page.forEachKeyValue(body) }
    }

    /// Reads the range into memory; for ranges that fit there.
    public func keyValues() async throws -> [KeyValue] {
        var pairs: [KeyValue] = []
        try await forEachPage { pairs += $0.keyValues }
        return pairs
    }

    private func pinnedRevision() async throws(EtcdError) -> Int64 {
        if let revision { return revision }
        // A linearizable read of a key that nobody has: the cheapest way to the newest revision.
        let request = RangeRequest(.key([0]), content: .countOnly)
        return try await endpoints.perform(rounds: options.rounds) { (client) throws(EtcdError) in
            try await client.range(request, timeout: options.timeout).header.revision
        }
    }

    private func page(_ fetch: KeyspacePlan.Fetch, at revision: Int64) async throws(EtcdError) -> RangePage {
        // At a fixed revision every member gives the same answer, so none has to ask the leader first.
        let request = RangeRequest(
            fetch.range, selection: .first(fetch.limit), revision: revision, isSerializable: true)
        return try await endpoints.perform(rounds: options.rounds) { (client) throws(EtcdError) in
            try await client.rangePage(request, timeout: options.timeout)
        }
    }
}

extension KeyspacePlan.Page {
    /// What a page shows, with some forty of its keys.
    init(_ page: RangePage) {
        let stride = max(page.keyCount / 40, 1)
        var sample: [[UInt8]] = []
        var index = 0
        page.forEachKeyValue { pair in
            index += 1
            if index % stride == 0 || index == page.keyCount { sample.append([UInt8](pair.key)) }
        }
        self.init(keyCount: page.keyCount, count: page.count, byteCount: page.byteCount, sample: sample)
    }
}
