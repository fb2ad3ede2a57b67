public import Etcd
import Synchronization

/// Brings a cluster's revision forward by cheap writes to one key of ours.
///
/// Whoever remembers a revision of the source, as every client of Kubernetes does, must not find a destination that
/// stands below it. etcd cannot be given a revision while it runs, so one write is needed for each that is missing.
public struct RevisionPadding: Sendable {
    /// How far it is.
    public struct Progress: Sendable, Hashable {
        /// The destination's revision.
        public var revision: Int64
        /// The revision to reach.
        public var goal: Int64
    }

    private let destination: CopyDestination
    private let writesInFlight: Int

    /// Names the cluster and the migration whose key is written.
    public init(_ destination: EtcdEndpoints, name: String, writesInFlight: Int = 32) {
        self.destination = CopyDestination(endpoints: destination, state: CopyState(name), timeout: .seconds(15))
        self.writesInFlight = max(writesInFlight, 1)
    }

    /// Writes until the revision is at least `goal`; does nothing if it is already.
    ///
    /// - Parameters:
    ///   - goal: usually the source's revision.
    ///   - report: is told about ten times a second.
    /// - Returns: the revision reached; more than `goal` if others write too.
    /// - Throws: `ReplicationError` if the cluster does not answer or refuses.
    @discardableResult
    public func run(
        to goal: Int64, report: @escaping @Sendable (Progress) -> Void = { _ in }
    ) async throws -> Int64 {
        var revision = try await destination.revision()
        while revision < goal {
            // A round of writes at a time, since each of them is one revision whoever else writes.
            let missing = min(goal - revision, 4_096)
            let left = Countdown(missing)
            let request = PutRequest(destination.state.padding, [])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<min(Int64(writesInFlight), missing) {
                    group.addTask {
                        while left.take() {
                            try await destination.perform { (client) throws(EtcdError) in
                                _ = try await client.put(request, isIdempotent: true)
                            }
                        }
                    }
                }
                // The first failure ends the others; waitForAll() would wait for them first.
                while try await group.next() != nil {}
            }
            revision = try await destination.revision()
            report(Progress(revision: revision, goal: goal))
        }
        return revision
    }
}

/// How many writes are still to be begun, for several tasks.
private final class Countdown: Sendable {
    private let left: Mutex<Int64>

    init(_ count: Int64) {
        left = Mutex(count)
    }

    /// Takes one of them; false if none is left.
    func take() -> Bool {
        left.withLock { left in
            guard left > 0 else { return false }
            left -= 1
            return true
        }
    }
}
