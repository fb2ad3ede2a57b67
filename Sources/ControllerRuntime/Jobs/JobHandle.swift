import Synchronization

/// The thread between a job and its board: progress goes one way, cancellation the other.
public final class JobHandle<Progress: Sendable>: Sendable {
    private let reported = Mutex<Progress?>(nil)
    private let cancellation: AsyncStream<Never>
    private let canceller: AsyncStream<Never>.Continuation

    init() {
        (cancellation, canceller) = AsyncStream.makeStream()
    }

    /// Reports how far the work has come; costs little, so it may be called for every block of bytes.
    public func report(_ progress: Progress) {
        reported.withLock { $0 = progress }
    }

    var progress: Progress? { reported.withLock { $0 } }

    func cancel() {
        canceller.finish()
    }

    /// Does the work in a task that ends with ``cancel()``.
    func run<Output: Sendable>(
        _ work: @escaping @Sendable (JobHandle<Progress>) async throws -> Output
    ) async -> Result<Output, any Error> {
        await withTaskGroup(of: Result<Output, any Error>?.self) { group in
            group.addTask {
                do {
                    return .success(try await work(self))
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                for await _ in self.cancellation {}
                return nil
            }
            var result: Result<Output, any Error> = .failure(CancellationError())
            for await part in group {
                if let part { result = part }
                group.cancelAll()
            }
            return result
        }
    }
}
