public import Etcd

/// Copies keys of one cluster into another one and then follows every change, until it is cancelled.
///
/// Every key is written as it was at one revision of the source (bulk), then the source's changes from there on are
/// applied as they come (tail). The destination may be any cluster; its revisions have nothing to do with the source's.
/// How far the copy is stands at the destination, in one key that changes in the same transactions as the data
/// (`CopyCheckpoint`), so a process that is killed at any moment is followed by one that goes on exactly there. What
/// cannot be gone on with (the bulk phase was cut short, the source has compacted what is needed, leases ended while
/// nobody renewed them) is mended by comparing both sides and writing what differs, never by starting over.
///
/// Nobody else may write the selected keys at the destination meanwhile. The source is only read: it needs permission
/// to read every key, also when only some are selected, since one watch of all of them is what shows that no revision
/// was missed.
public struct CopyReplication: Sendable {
    /// How it is done.
    public struct Options: Sendable {
        /// What happens to keys that the destination has already.
        public var conflictPolicy = ConflictPolicy.refuse
        /// How the source is read, and the destination when both are compared.
        public var reading = CopyReplication.defaultReading
        /// How many transactions are under way at a time while every key is written.
        public var transactionsInFlight = 8
        /// The most operations of a transaction; at most 126 where the destination runs with etcd's defaults.
        public var operationsPerTransaction = 126
        /// The size at which a transaction is sent, in bytes.
        public var bytesPerTransaction = 1 << 20
        /// How long one request may take.
        public var timeout: Duration = .seconds(15)
        /// The longest pause before it is tried again when a cluster does not answer.
        public var maximumPause: Duration = .seconds(5)

        /// The defaults.
        public init() {}
    }

    /// Pages of one mebibyte, four at a time for each side: fast enough, and small in memory.
    static var defaultReading: KeyspaceReader.Options {
        var reading = KeyspaceReader.Options()
        reading.pagesInFlight = 4
        reading.pageBytes = 1 << 20
        return reading
    }

    let source: CopySource
    let destination: CopyDestination
    let selection: KeySelection
    let options: Options

    /// Names both ends; nothing is asked yet.
    ///
    /// - Parameters:
    ///   - source: the cluster to read.
    ///   - destination: the cluster to write.
    ///   - name: the name of the migration, under which the checkpoint is kept at the destination.
    ///   - selection: which keys are copied, and what they are called at the destination.
    ///   - options: the rest.
    public init(
        source: EtcdEndpoints, destination: EtcdEndpoints, name: String, selection: KeySelection = .everything,
        options: Options = Options()
    ) {
        self.source = CopySource(endpoints: source, timeout: options.timeout)
        self.destination = CopyDestination(
            endpoints: destination, state: CopyState(name), timeout: options.timeout)
        self.selection = selection
        self.options = options
    }

    /// Copies and follows until the task is cancelled.
    ///
    /// A cluster that does not answer is waited for, which `CopyProgress.waiting` says.
    ///
    /// - Parameter report: is told every step; it must return soon, and is not called twice at a time.
    /// - Throws: `CancellationError`; `ReplicationError` with `conflict` if the destination holds keys where none may
    ///   be, `diverged` if another process has taken over or the copy was begun with another source or selection,
    ///   `refused` if a cluster refuses what must be done.
    public func run(report: @escaping @Sendable (CopyProgress) -> Void) async throws {
        let meter = CopyMeter(report)
        var pause = Duration.milliseconds(100)
        var mustCompare = false
        while true {
            let start = ContinuousClock.now
            do {
                try await work(meter, mustCompare: &mustCompare)
            } catch is CopyInterruption {
                mustCompare = true
            } catch let error as ReplicationError where error.isRetryable {
                try Task.checkCancellation()
                meter.wait(error)
                if ContinuousClock.now - start > .seconds(10) { pause = .milliseconds(100) }
                try await Task.sleep(for: pause)
                pause = min(pause * 2, options.maximumPause)
            } catch {
                try Task.checkCancellation()
                throw error
            }
        }
    }

    /// Takes the copy over and carries on from where it is.
    private func work(_ meter: CopyMeter, mustCompare: inout Bool) async throws {
        let head = try await source.head()
        meter.source(head.revision)
        let carrier = LeaseCarrier(from: source, to: destination, bringsAll: selection.isEverything)
        let begun = try await begin(head, carrier, mustCompare: mustCompare)
        // From here on the checkpoint says it.
        mustCompare = false
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await carrier.keep() }
            group.addTask { try await sample(meter, of: head.clusterID) }
            group.addTask {
                var turn = begun
                if turn.checkpoint.phase == .copying { try await copy(&turn, carrier, meter) }
                try await follow(&turn, carrier, meter)
            }
            // The first failure ends the others; waitForAll() would wait for them first.
            while try await group.next() != nil {}
        }
    }

    /// Looks at the source's revision every half second, for the lag.
    private func sample(_ meter: CopyMeter, of clusterID: UInt64) async throws {
        while true {
            try await Task.sleep(for: .milliseconds(500))
            do {
                let head = try await source.head()
                guard head.clusterID == clusterID else { throw Self.otherSource(head.clusterID, expected: clusterID) }
                meter.seen(head.revision)
            } catch let error as ReplicationError where error.isRetryable {
                meter.wait(error)
            }
        }
    }

    /// The error for a source that is another cluster than the one the copy was begun with.
    static func otherSource(_ found: UInt64, expected: UInt64) -> ReplicationError {
        ReplicationError(
            .diverged, CopySource.subject,
            "it is cluster \(String(found, radix: 16)), and the copy was begun from \(String(expected, radix: 16))",
            remedy: "name the cluster it was begun from, or begin another migration")
    }
}
