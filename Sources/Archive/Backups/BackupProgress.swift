import Synchronization

/// How far a backup is.
public struct BackupProgress: Sendable, Equatable {
    /// What is being done.
    public enum Phase: String, Sendable {
        /// Bytes arrive, are hashed and brought into the form in which they are stored.
        case receiving
        /// The file is proven and its figures are read.
        case verifying
        /// The file gets its name, then its manifest.
        case publishing
    }

    /// What is being done.
    public var phase: Phase
    /// The bytes that have arrived.
    public var received: Int
    /// The bytes there will be, as far as the member has said.
    public var expected: Int

    /// Makes a report.
    public init(phase: Phase, received: Int, expected: Int) {
        self.phase = phase
        self.received = received
        self.expected = expected
    }
}

/// The moment something last arrived, shared by the task that receives and the one that watches it.
final class ProgressMeter: Sendable {
    /// Nil while it is not the member that is waited for.
    private let last: Mutex<ContinuousClock.Instant?>

    init() {
        last = Mutex(.now)
    }

    func advance() {
        last.withLock { $0 = .now }
    }

    /// Nothing is expected until the next advance.
    func hold() {
        last.withLock { $0 = nil }
    }

    /// Returns never but by cancellation or when nothing has arrived for so long.
    func waitForStall(_ patience: Duration) async throws {
        while true {
            let deadline = (last.withLock { $0 } ?? .now) + patience
            if ContinuousClock.now >= deadline { return }
            try await Task.sleep(until: deadline, clock: .continuous)
        }
    }
}
