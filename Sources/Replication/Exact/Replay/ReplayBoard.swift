import Etcd
import Synchronization

/// What the parts of a running replication know of each other.
final class ReplayBoard: Sendable {
    struct State: Sendable, Equatable {
        /// The destination holds every revision up to this one.
        var applied: Int64 = 0
        var recorder = SourceRecorder.Progress()
        /// When the oldest revision that waits was seen, in nanoseconds since 1970.
        var waitingSince: Int64?
        /// How many transactions were sent again because they arrived too early.
        var repeats = 0
        /// The part of them that the present connection has seen.
        var repeatsOfWindow = 0
        var leases = 0
        /// Why the destination does not go on; nil while it does.
        var failure: String?
    }

    private let state = Mutex(State())

    var now: State { state.withLock { $0 } }

    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }
}
