internal import Etcd
internal import Model

/// One process's turn at replicating a v2 store; used by one task.
final class LegacySession {
    let replication: LegacyReplication
    let destination: LegacyDestination
    let sourceID: UInt64
    var progress = LegacyProgress()
    var leases: LegacyLeases
    /// Hidden nodes to be read by name.
    var hidden: Set<LegacyPath>
    /// The hidden nodes that stand at the destination.
    var storedHidden: Set<LegacyPath> = []
    /// Directories whose keys are there, where directories are kept.
    var directories: Set<LegacyPath> = []
    /// The checkpoint as it stands at the destination, and the revision of its last change.
    var checkpoint: LegacyCheckpoint
    var revision: Int64
    /// Indexes beyond what is applied, and when they were seen first.
    private var behind: [(index: UInt64, since: ContinuousClock.Instant)] = []
    private var lastSign = ContinuousClock.now
    private var lastTold = ContinuousClock.now
    /// When times to live are looked after again.
    var nextRenewal = ContinuousClock.now
    private let report: @Sendable (LegacyProgress) -> Void

    var mapping: LegacyMapping { replication.mapping }
    var source: LegacyClient { replication.source }

    /// Takes over the destination, after making sure that it may.
    init(_ replication: LegacyReplication, report: @escaping @Sendable (LegacyProgress) -> Void) async throws {
        self.replication = replication
        self.report = report
        destination = replication.writer
        leases = LegacyLeases(clock: replication.source.clock)
        let options = replication.options
        guard options.conflictPolicy != .keep else {
            throw ReplicationError(
                .unsupported, "a migration from the v2 store", "existing keys cannot be kept",
                remedy: "choose the conflict policy Refuse or Overwrite")
        }
        let sourceID = try await replication.source.index(isQuorum: true).clusterID
        self.sourceID = sourceID
        (checkpoint, revision) = try await Self.takeOver(replication, destination, sourceID)
        // Read now that nobody else writes there any more.
        if let stored = try await destination.get(LegacyHiddenList.key(replication.name)) {
            storedHidden = LegacyHiddenList.decode(stored.value)
        }
        hidden = storedHidden.union(options.hiddenPaths.flatMap(\.hiddenRoots))
        tell()
    }

    /// Writes a checkpoint of our own, from which on nobody else can write.
    private static func takeOver(
        _ replication: LegacyReplication, _ destination: LegacyDestination, _ sourceID: UInt64
    ) async throws(ReplicationError) -> (checkpoint: LegacyCheckpoint, revision: Int64) {
        var attempt = 0
        while true {
            let (checkpoint, last) = try await beginning(replication, destination, sourceID)
            do {
                if case .applied(let revision) = try await destination.commit([], checkpoint, over: last) {
                    return (checkpoint, revision)
                }
            } catch {
                // A process that is still at work has changed it in between; who comes last goes on.
                attempt += 1
                guard error.code == .diverged, attempt < 50 else { throw error }
            }
        }
    }

    /// The checkpoint to begin with, and the revision of the one that is there; 0 if there is none.
    private static func beginning(
        _ replication: LegacyReplication, _ destination: LegacyDestination, _ sourceID: UInt64
    ) async throws(ReplicationError) -> (checkpoint: LegacyCheckpoint, last: Int64) {
        if let (found, revision) = try await destination.checkpoint() {
            try check(found, sourceID, replication)
            let checkpoint = LegacyCheckpoint(
                sourceID: sourceID, index: found.index, base: found.base, policy: found.policy, mapping: found.mapping)
            return (checkpoint, revision)
        }
        let (policy, mapping) = (replication.options.conflictPolicy, replication.mapping)
        if policy == .refuse { try await refuseConflicts(destination, mapping) }
        let base = try await destination.perform { (client) throws(EtcdError) in
            try await client.range(RangeRequest(.key([0]), content: .countOnly)).header.revision
        }
        return (LegacyCheckpoint(sourceID: sourceID, base: base, policy: policy, mapping: mapping.digest), 0)
    }

    private static func check(
        _ found: LegacyCheckpoint, _ sourceID: UInt64, _ replication: LegacyReplication
    ) throws(ReplicationError) {
        guard found.sourceID == sourceID else {
            throw ReplicationError(
                .diverged, LegacyDestination.subject,
                "the migration named \(replication.name) was begun with the cluster "
                    + "\(String(found.sourceID, radix: 16)), and the source is \(String(sourceID, radix: 16))",
                remedy: "give it another name, or the source it was begun with")
        }
        guard found.mapping == replication.mapping.digest else {
            throw ReplicationError(
                .conflict, LegacyDestination.subject,
                "the migration named \(replication.name) was begun with another mapping",
                remedy: "give it another name, or the mapping it was begun with")
        }
    }

    private static func refuseConflicts(
        _ destination: LegacyDestination, _ mapping: LegacyMapping
    ) async throws(ReplicationError) {
        for range in mapping.rules.flatMap({ mapping.ranges(below: $0.source) }) {
            let found = try await destination.perform { (client) throws(EtcdError) in
                try await client.range(RangeRequest(range, selection: .first(1), content: .keysOnly))
            }
            guard let first = found.keyValues.first else { continue }
            throw ReplicationError(
                .conflict, LegacyDestination.subject,
                "it holds \(found.count) \(found.count == 1 ? "key" : "keys") where keys are to be written, the first "
                    + "is \(first.keyText)",
                remedy: "take another prefix, or the conflict policy Overwrite")
        }
    }

    /// For how long the source has not answered.
    var silence: Duration { ContinuousClock.now - lastSign }

    /// Notes that the source has answered.
    func noteSign() {
        lastSign = .now
        progress.waiting = nil
    }

    /// Reports where things stand.
    func tell() {
        lastTold = .now
        progress.hidden = hidden
        progress.leases = leases.count
        if progress.phase == .tail {
            behind.removeAll { $0.index <= progress.applied }
            let known = behind.first.map { ContinuousClock.now - $0.since } ?? .zero
            // A source that is asked several times a second and says nothing may have anything by now.
            progress.lag = silence > .seconds(2) ? max(known, silence) : known
        }
        report(progress)
    }

    /// Notes that the source has reached an index.
    func note(head index: UInt64) {
        noteSign()
        progress.sourceIndex = max(progress.sourceIndex, index)
        guard index > progress.applied, index > behind.last?.index ?? 0 else { return }
        let now = ContinuousClock.now
        // Ten times a second is enough to tell for how long.
        if let last = behind.last, now - last.since < .milliseconds(100), behind.count > 1 {
            behind[behind.count - 1].index = index
        } else {
            behind.append((index, now))
        }
    }

    /// Walks the tree and then applies changes, until the task is cancelled or something throws.
    func walkAndFollow() async throws {
        let start = try await source.index(isQuorum: true).index
        leases.forgetAll()
        directories = []
        progress.phase = .walk
        progress.keysCopied = 0
        progress.keysTotal = 0
        progress.lag = nil
        note(head: start)
        let mailbox = LegacyMailbox<LegacyTail.Item>(limit: 256 << 20)
        let tail = LegacyTail(client: source, sourceID: sourceID, options: replication.options, mailbox: mailbox)
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { await tail.run(after: start) }
            group.addTask {
                // Times to live must be looked after also while nothing comes.
                while true {
                    try await Task.sleep(for: .milliseconds(100))
                    mailbox.nudge()
                }
            }
            try await discoverHidden(upTo: start)
            // On record before their keys are written, which a later walk would otherwise take for vanished.
            if hidden != storedHidden { try await commit(LegacyBatch(), upTo: 0) }
            for rule in mapping.rules { try await walk(rule, below: rule.source, minimumIndex: start) }
            checkpoint.index = start
            try await commit(LegacyBatch(), upTo: start)
            progress.phase = .tail
            progress.keysCopied = 0
            progress.keysTotal = 0
            tell()
            while true {
                await mailbox.wait()
                try Task.checkCancellation()
                try await apply(try mailbox.take())
                try await renew()
                if ContinuousClock.now - lastTold > .milliseconds(500) { tell() }
            }
        }
    }

    /// Finds hidden nodes among the changes that the store still remembers.
    private func discoverHidden(upTo end: UInt64) async throws {
        guard let last = try await lastEvent(upTo: end) else { return }
        var next = last > 999 ? last - 999 : 1
        while next <= last {
            let indexes = next...min(next + 7, last)
            next = indexes.upperBound + 1
            let events = try await withThrowingTaskGroup(of: LegacyEvent?.self) { [source] group in
                for index in indexes { group.addTask { try await Self.event(at: index, source) } }
                return try await group.reduce(into: [LegacyEvent]()) { if let event = $1 { $0.append(event) } }
            }
            for event in events where !event.isRemoval { _ = try meet(event.node.path) }
        }
        // Behind it there may be a few more, between indexes that no event tells of.
        while next <= end, let event = try await laterEvent(from: next) {
            if !event.isRemoval { _ = try meet(event.node.path) }
            next = event.index + 1
        }
    }

    /// The next event of the history; nil if there is none, or the history has moved on meanwhile.
    private func laterEvent(from index: UInt64) async throws -> LegacyEvent? {
        do {
            return try await source.historyEvent(from: index, grace: replication.options.grace).event
        } catch {
            guard error.code == .indexCleared else { throw error }
            return nil
        }
    }

    /// The index of an event in the history, one of the last; nil if there is none.
    ///
    /// What comes before it is answered at once, where a question for what comes after it would wait for a change.
    private func lastEvent(upTo end: UInt64) async throws -> UInt64? {
        var back: UInt64 = 0
        while back < min(end, 1_000) {
            let found = try await source.historyEvent(from: end - back, grace: replication.options.grace)
            if let event = found.event { return event.index }
            back = back * 2 + 1
        }
        return nil
    }

    /// The first event from an index on; nil if the history has moved on meanwhile.
    private static func event(at index: UInt64, _ source: LegacyClient) async throws -> LegacyEvent? {
        do {
            return try await source.knownEvent(from: index)
        } catch {
            guard error.code == .indexCleared else { throw error }
            return nil
        }
    }

    /// Notes the hidden nodes on a path; those that were not known.
    func meet(_ path: LegacyPath) throws(ReplicationError) -> [LegacyPath] {
        let new = path.hiddenRoots.filter {
            !hidden.contains($0) && !$0.isDamaged && !mapping.ranges(below: $0).isEmpty
        }
        guard !new.isEmpty else { return [] }
        hidden.formUnion(new)
        guard hidden.count <= LegacyHiddenList.mostNodes else {
            throw ReplicationError(
                .unsupported, "the v2 store",
                "it has more than \(LegacyHiddenList.mostNodes) hidden nodes side by side",
                remedy: "put them into one hidden directory")
        }
        return new
    }
}
