public import Etcd
import Model
import Synchronization
import Threads

/// A destination kept revision by revision what its source is: recorder, replay and leases together.
///
/// The destination must have been restored from a snapshot of the source that was taken while the spool was recorded.
/// From then on one revision of the source is one transaction at the destination, with the same revision, the same
/// order of changes inside it and the same leases, so that the `HashKV` of both ends is equal. Nobody else may write to
/// the destination, and it must not compact by itself.
public struct ExactReplication: Sendable {
    /// How the replication works.
    public struct Options: Sendable {
        /// The most transactions under way, from 1 to 256.
        public var window = 128
        /// How many keys a revision must delete at least, and nothing else, to be tried as one range.
        public var massDeletion = 1000
        /// How often the destination is looked at while nothing happens, so that a stranger is noticed.
        public var idleLook: Duration = .seconds(1)
        /// How often leases without keys are compared.
        public var leaseInterval: Duration = .seconds(2)
        /// How long the destination must stand still before it is taken for settled.
        public var quiescence: Duration = .milliseconds(150)
        /// How long the destination may be silent with transactions under way.
        public var silence: Duration = .seconds(10)
        /// How long to wait for a source that should be ahead of the destination and does not show it.
        public var patience: Duration = .seconds(15)
        /// How often progress is looked at.
        public var reportInterval: Duration = .milliseconds(5)
        /// How long a wait for answers lasts at most.
        var tick: Duration = .milliseconds(250)

        /// The defaults.
        public init() {}
    }

    private let source: EtcdEndpoints
    private let destination: EtcdEndpoints
    private let spool: RevisionSpool
    private let options: Options

    /// Makes a replication; the spool is that of a `SourceRecorder` of the same source.
    public init(
        source: EtcdEndpoints, destination: EtcdEndpoints, spool: RevisionSpool, options: Options = Options()
    ) {
        self.source = source
        self.destination = destination
        self.spool = spool
        var options = options
        options.window = min(max(options.window, 1), 256)
        self.options = options
    }

    /// Records and replays until the task is cancelled or it becomes impossible.
    ///
    /// It may be ended at any moment, also by SIGKILL, and begun again: the destination's own revision says where.
    /// Failures that pass, of either end, are waited out and told in the progress.
    ///
    /// - Parameters:
    ///   - recordsElsewhere: whether a `SourceRecorder` runs already and writes into the same spool.
    ///   - report: told of changes, at most once in `reportInterval`.
    /// - Throws: `ReplicationError` with `diverged` if the destination is not what we made of it any more (which is
    ///   final: seed it anew), or as `SourceRecorder.run`; `CancellationError`.
    public func run(
        recordsElsewhere: Bool = false, report: @escaping @Sendable (ReplicationProgress) -> Void = { _ in }
    ) async throws {
        let board = ReplayBoard()
        let keeper = LeaseKeeper(
            source: source, destination: destination, board: board, interval: options.leaseInterval)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                if recordsElsewhere {
                    group.addTask { try await watchSource(board) }
                } else {
                    group.addTask { try await record(board) }
                }
                group.addTask { try await replay(board, keeper) }
                group.addTask { try await tell(board, report) }
                // Whoever ends first ends all: none of them ends well.
                try await group.next()
            }
        } catch let error as ReplicationError where error.isAboutCall && Task.isCancelled {
            // A call that was given up with the task says only that it has no answer.
            throw CancellationError()
        }
    }

    private func replay(_ board: ReplayBoard, _ keeper: LeaseKeeper) async throws {
        while true {
            do {
                try await keeper.prepare()
                break
            } catch {
                guard error.isPassing, !Task.isCancelled else {
                    throw ReplicationError(error, ClusterHead.name(destination))
                }
                board.change { $0.failure = error.description }
                try await Task.sleep(for: .milliseconds(200))
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            // On a thread of its own: a lease that ends because all others were taken cannot be brought back.
            group.addTask { try await BlockingTask.run { try await keeper.keepAlive() } }
            group.addTask { try await keeper.follow() }
            group.addTask {
                try await BlockingTask.run {
                    let replay = try ExactReplay(
                        destination: destination, spool: spool, options: options, leases: keeper, board: board)
                    try await replay.run()
                }
            }
            try await group.next()
        }
    }

    /// Records, again after what passes.
    private func record(_ board: ReplayBoard) async throws {
        let recorder = SourceRecorder(source, into: spool)
        while true {
            do {
                try await recorder.run { progress in board.change { $0.recorder = progress } }
            } catch let error as ReplicationError {
                guard error.isRetryable else { throw error }
                board.change { $0.failure = error.description }
                try await Task.sleep(for: .milliseconds(500))
            }
        }
    }

    /// Learns how far the source is while somebody else records.
    private func watchSource(_ board: ReplayBoard) async throws {
        while true {
            do {
                let head = try await ClusterHead.read(source)
                board.change { state in
                    state.recorder.sourceRevision = max(state.recorder.sourceRevision, head.revision)
                }
            } catch {
                guard error.isPassing else { throw ReplicationError(error, ClusterHead.name(source)) }
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    private func tell(_ board: ReplayBoard, _ report: @Sendable (ReplicationProgress) -> Void) async throws {
        var last = ReplicationProgress()
        var meter = RateMeter()
        while true {
            let state = board.now
            var progress = ReplicationProgress()
            progress.applied = state.applied
            progress.spooled = spool.last
            progress.sourceRevision = max(state.recorder.sourceRevision, spool.last)
            progress.leases = state.leases
            progress.repeats = state.repeats
            progress.failure = state.failure ?? state.recorder.failure?.description
            progress.ratePerSecond = meter.rate(at: state.applied)
            if progress.sourceRevision > 0, state.applied > 0 {
                let waiting = state.waitingSince.map { Timestamp.now.nanosecondsSinceEpoch - $0 } ?? 0
                progress.lag = progress.revisionsBehind == 0 ? .zero : .nanoseconds(max(waiting, 0))
            }
            if progress != last {
                last = progress
                report(progress)
            }
            try await Task.sleep(for: options.reportInterval)
        }
    }
}

extension ReplicationError {
    /// Whether it tells how a call ended and not what was found.
    fileprivate var isAboutCall: Bool { code == .unavailable || code == .refused }
}

/// How fast a number grows, over the last seconds.
struct RateMeter {
    private var samples: [(time: ContinuousClock.Instant, value: Int64)] = []
    private var rate = 0.0

    /// The rate, after `value` has been seen now.
    mutating func rate(at value: Int64, now: ContinuousClock.Instant = .now) -> Double {
        guard let newest = samples.last else {
            if value > 0 { samples = [(now, value)] }
            return 0
        }
        guard now - newest.time >= .milliseconds(500) else { return rate }
        samples.append((now, value))
        while samples.count > 1, now - samples[0].time > .seconds(5) { samples.removeFirst() }
        let (seconds, rest) = (now - samples[0].time).components
        let span = Double(seconds) + Double(rest) / 1e18
        rate = span > 0 ? Double(value - samples[0].value) / span : 0
        return rate
    }
}
