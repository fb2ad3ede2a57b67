import Model
import Synchronization

/// A calendar clock that stands still until it is moved.
final class Moment: Sendable {
    private let moment = Mutex(Timestamp(secondsSinceEpoch: 1_700_000_000))

    var now: Timestamp { moment.withLock { $0 } }

    func advance(by duration: Duration) {
        moment.withLock { $0 = $0 + duration }
    }
}
