import Etcd
import Threads
import Transport

/// Brings every revision of a spool to a destination as one transaction that gets the same revision there.
///
/// The destination's own revision says how far it is, so there is no other checkpoint, and a replay that was killed
/// goes on exactly where it was. It belongs to one thread, on which it also waits for the connection.
final class ExactReplay {
    let destination: EtcdEndpoints
    let spool: RevisionSpool
    let options: ExactReplication.Options
    let leases: LeaseKeeper
    let board: ReplayBoard
    /// The cluster that answered first; another one is a stranger.
    var clusterID: UInt64 = 0
    /// The last revision that was ever sent: beyond it the destination cannot be by our doing.
    var lastSent: Int64 = 0
    private let bell: GRPCPipeline.Bell
    private var mustRenewToken = false

    init(
        destination: EtcdEndpoints, spool: RevisionSpool, options: ExactReplication.Options, leases: LeaseKeeper,
        board: ReplayBoard
    ) throws(ReplicationError) {
        self.destination = destination
        self.spool = spool
        self.options = options
        self.leases = leases
        self.board = board
        do {
            bell = try GRPCPipeline.Bell()
        } catch {
            throw ReplicationError(.unavailable, "this process", error.message, remedy: "raise its limit of files")
        }
    }

    /// Replays until the task is cancelled or the destination cannot be what it should be any more.
    func run() async throws {
        let bell = bell
        let number = spool.listen { bell.ring() }
        defer { spool.stopListening(number) }
        try await withTaskCancellationHandler {
            var position: Int64?
            while true {
                try Task.checkCancellation()
                do {
                    if let known = position {
                        position = try await round(from: known)
                    } else {
                        position = try await begin()
                    }
                } catch let error as EtcdError {
                    guard !Task.isCancelled else { throw CancellationError() }
                    guard error.isPassing else { throw ReplicationError(error, name) }
                    board.change { $0.failure = error.description }
                    try await Task.sleep(for: .milliseconds(200))
                }
            }
        } onCancel: {
            bell.ring()
        }
    }

    /// How errors name the destination.
    var name: String { ClusterHead.name(destination) }

    private func begin() async throws -> Int64 {
        let position = try await settled(for: options.quiescence)
        try await verifyStart(position)
        lastSent = position
        return position
    }

    private func round(from position: Int64) async throws -> Int64 {
        board.change { $0.applied = position }
        let reached = try await carry(on: position)
        // Something went wrong on the way; what has been applied the destination alone can tell.
        let present = try await settled(for: options.quiescence * 3)
        try checkReach(present, from: reached)
        try await verifyEvent(at: present)
        // A step by an ordinary call, which tells the reason if the destination refuses.
        return present == position ? try await step(after: present) : present
    }

    /// Sends revisions over one connection until something goes wrong with it; returns what is applied for certain.
    private func carry(on position: Int64) async throws -> Int64 {
        var window = ReplayWindow(width: options.window, acknowledged: position)
        do {
            let pipeline = try await destination.preferred.transactionPipeline(
                bell: bell, renewsToken: mustRenewToken)
            mustRenewToken = true  // Until it is seen to work: the member may have forgotten the last one.
            try await carry(&window, over: pipeline)
        } catch let error as EtcdError {
            guard error.isPassing || error.code == .unauthenticated else { throw error }
            board.change { $0.failure = error.description }
        }
        note(window)
        return window.acknowledged
    }

    private func carry(_ window: inout ReplayWindow, over pipeline: TransactionPipeline) async throws {
        let position = window.acknowledged
        let reader = try spool.reader(after: max(position - 1, spool.base))
        var guarding = ReplayGuard()
        if position > spool.base, let last = try reader.read() { _ = guarding.add(last) }
        let clock = ContinuousClock()
        var (heard, looked) = (clock.now, clock.now)
        while !Task.isCancelled {
            try await prepare(&window, reader, &guarding)
            try await decideMass(&window)
            let bytes = window.take(firstNumber: pipeline.nextNumber)
            if window.underWay.count == bytes.count { heard = clock.now }
            lastSent = max(lastSent, window.lastSent)
            if !bytes.isEmpty { try pipeline.send(bytes) }
            for (number, outcome) in try pipeline.outcomes(within: options.tick) {
                heard = clock.now
                switch window.note(number, outcome) {
                case .elsewhere(let revision, let landed):
                    throw diverged("revision \(revision) of the source became \(landed) there")
                case .refused, .unknown: return
                case nil: mustRenewToken = false
                }
            }
            note(window)
            if window.underWay.isEmpty, clock.now - looked > options.idleLook {
                // Nothing of ours is under way, so whatever else has happened there was a stranger's doing.
                looked = clock.now
                let head = try await look()
                try checkReach(head, from: window.acknowledged)
                // Something of an earlier connection has come late; whether it was ours, its content tells.
                if head > window.acknowledged { return }
                board.change { $0.failure = nil }
                if pipeline.isWornOut { return }
            } else if !window.underWay.isEmpty, clock.now - heard > options.silence {
                board.change { $0.failure = "\(name) has not answered for \(options.silence)" }
                return
            }
        }
    }

    private func note(_ window: ReplayWindow) {
        board.change { state in
            if state.applied != window.acknowledged { state.failure = nil }
            state.applied = window.acknowledged
            state.waitingSince = window.oldest
            state.repeats += window.repeats - state.repeatsOfWindow
            state.repeatsOfWindow = window.repeats
        }
    }
}

extension EtcdError {
    /// Whether the destination or the way to it is at fault for a while only; what was sent may have been applied.
    var isPassing: Bool {
        switch code {
        case .timeout, .unavailable, .untrusted, .noLeader, .leaderChanged, .tooManyRequests, .notLeader, .learner,
            .futureRevision, .cancelled:
            true
        default: isRetryable || mayRetryElsewhere
        }
    }
}
