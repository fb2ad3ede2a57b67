/// The watches of one stream and what the server knows of them: pure decisions, no stream.
///
/// A watch has a key of ours for its whole life, and another number towards the server each time it is created there,
/// so that late messages of an earlier incarnation are never taken for new ones.
struct WatchTable: Sendable {
    /// What is to be done after a message.
    enum Effect: Sendable {
        /// Hand a batch to the reader of a watch.
        case deliver(Int, WatchBatch)
        /// Tell the reader of a watch that it has ended.
        case fail(Int, EtcdError)
        /// Give the stream up and open another.
        case reconnect(EtcdError)
    }

    private struct Entry {
        let range: KeyRange
        let options: WatchOptions
        /// Nil until the server has said where "from now on" is.
        var assembler: WatchAssembler?
        /// The number the server knows it by, nil while it does not.
        var number: Int64?
        var isParked = false
        /// Whether the server has confirmed it on the present connection.
        var isEstablished = false
    }

    private var entries: [Int: Entry] = [:]
    private var keys: [Int64: Int] = [:]
    /// Creations that the server has not answered, in the order they were sent, which is that of the answers.
    private var unanswered: [Int64] = []
    private var nextNumber: Int64 = 1
    private var clusterID: UInt64 = 0
    private var isConnected = false

    /// Whether the server reports progress in order with events.
    private var hasOrderedProgress = false
    /// Whether a refusal may be the fault of a token that the member has forgotten.
    private var doubtsToken = false

    /// How many watches there are.
    var count: Int { entries.count }

    /// Whether the server has confirmed a watch on the present connection.
    func isEstablished(_ key: Int) -> Bool { entries[key]?.isEstablished ?? false }

    /// Adds a watch; returns the message that creates it if the stream stands.
    mutating func add(_ key: Int, _ range: KeyRange, from revision: Int64?, _ options: WatchOptions) -> [UInt8]? {
        entries[key] = Entry(
            range: range, options: options, assembler: revision.map { WatchAssembler(startingAt: $0) })
        return isConnected ? create(key) : nil
    }

    /// Removes a watch; returns the message that cancels it.
    mutating func remove(_ key: Int) -> [UInt8]? {
        let message = cancel(key)
        entries[key] = nil
        if entries.isEmpty { clusterID = 0 }
        return message
    }

    /// Stops a watch at the server until its reader has caught up; returns the message that does.
    mutating func park(_ key: Int) -> [UInt8]? {
        entries[key]?.isParked = true
        return cancel(key)
    }

    /// Goes on with a parked watch; returns the message that does.
    mutating func unpark(_ key: Int) -> [UInt8]? {
        guard entries[key]?.isParked == true else { return nil }
        entries[key]?.isParked = false
        return isConnected ? create(key) : nil
    }

    /// Notes that a stream stands; returns the messages that create all watches on it.
    ///
    /// - Parameters:
    ///   - hasOrderedProgress: whether its member reports progress in order with events.
    ///   - doubtsToken: whether a refusal may be the fault of a token that the member has forgotten.
    /// - Returns: encoded messages, in the order to send them.
    mutating func connect(hasOrderedProgress: Bool, doubtsToken: Bool) -> [[UInt8]] {
        isConnected = true
        self.hasOrderedProgress = hasOrderedProgress
        self.doubtsToken = doubtsToken
        return entries.filter { !$0.value.isParked }.keys.sorted().compactMap { create($0) }
    }

    /// Notes that the stream is gone.
    mutating func disconnect() {
        isConnected = false
        unanswered = []
        keys = [:]
        for key in entries.keys {
            entries[key]?.number = nil
            entries[key]?.isEstablished = false
            entries[key]?.assembler?.restart()
        }
    }

    /// Removes all watches.
    mutating func removeAll() {
        disconnect()
        entries = [:]
        clusterID = 0
    }

    /// Takes a message of the server.
    mutating func receive(_ message: WatchMessage, from endpoint: String) -> [Effect] {
        // The header of a cancellation by compaction is empty but for this.
        if message.header.clusterID != 0 {
            if clusterID == 0 { clusterID = message.header.clusterID }
            guard clusterID == message.header.clusterID else { return otherCluster(message, endpoint) }
        }
        if message.isCreated { return created(message, endpoint) }
        if message.isCanceled { return canceled(keys[message.watchID], message, endpoint) }
        if message.events == nil && !message.isFragment { return progress(message) }
        guard let key = keys[message.watchID], let batch = entries[key]?.assembler?.add(message) else { return [] }
        return [.deliver(key, batch)]
    }

    private mutating func created(_ message: WatchMessage, _ endpoint: String) -> [Effect] {
        guard !unanswered.isEmpty else { return [] }
        let key = keys[unanswered.removeFirst()]
        if message.isCanceled { return canceled(key, message, endpoint) }
        if let key { entries[key]?.isEstablished = true }
        if let key, entries[key]?.assembler == nil {
            entries[key]?.assembler = WatchAssembler(startingAt: message.header.revision + 1)
        }
        return []
    }

    private mutating func canceled(_ key: Int?, _ message: WatchMessage, _ endpoint: String) -> [Effect] {
        guard let key else { return [] }
        let isCompacted = message.compactRevision > 0
        let reason = message.cancelReason.isEmpty ? "the member ended the watch" : message.cancelReason
        let code = isCompacted ? .compacted : EtcdError.Code.code(forText: message.cancelReason) ?? .unknown
        let error = EtcdError(
            code, isCompacted ? "history up to revision \(message.compactRevision) is gone" : reason,
            endpoint: endpoint, isIdempotent: true, compactRevision: isCompacted ? message.compactRevision : nil)
        if code.isTransient { return [.reconnect(error)] }
        // etcd 3.4 calls it "permission denied" too when it does not know the token. The token belongs to the stream,
        // so a better one needs another stream.
        if code == .unauthenticated || code == .permissionDenied, doubtsToken {
            return [.reconnect(EtcdError(.unauthenticated, reason, endpoint: endpoint, isIdempotent: true))]
        }
        if let number = entries.removeValue(forKey: key)?.number { keys[number] = nil }
        return [.fail(key, error)]
    }

    private mutating func progress(_ message: WatchMessage) -> [Effect] {
        guard hasOrderedProgress else { return [] }
        let revision = message.header.revision
        let concerned = message.watchID == -1 ? entries.keys.sorted() : keys[message.watchID].map { [$0] } ?? []
        return concerned.compactMap { key in
            guard entries[key]?.number != nil, entries[key]?.assembler?.skip(to: revision) == true,
                entries[key]?.options.reportsProgress == true
            else { return nil }
            return .deliver(key, WatchBatch(header: message.header, revision: revision, segments: []))
        }
    }

    private mutating func otherCluster(_ message: WatchMessage, _ endpoint: String) -> [Effect] {
        let (expected, found) = (String(clusterID, radix: 16), String(message.header.clusterID, radix: 16))
        let error = EtcdError(
            .otherCluster, "the watch began in cluster \(expected), and cluster \(found) answers now",
            endpoint: endpoint, isIdempotent: true)
        defer { removeAll() }
        return entries.keys.sorted().map { .fail($0, error) } + [.reconnect(error)]
    }

    private mutating func create(_ key: Int) -> [UInt8]? {
        guard let entry = entries[key] else { return nil }
        let number = nextNumber
        nextNumber += 1
        entries[key]?.number = number
        keys[number] = key
        unanswered.append(number)
        return WatchRequest.create(
            entry.range, number: number, revision: entry.assembler?.nextRevision ?? 0, entry.options)
    }

    private mutating func cancel(_ key: Int) -> [UInt8]? {
        entries[key]?.assembler?.restart()
        guard let number = entries[key]?.number else { return nil }
        entries[key]?.number = nil
        keys[number] = nil
        return isConnected ? WatchRequest.cancel(number) : nil
    }
}
