/// Work of a task on a thread of its own, because it waits for a disk or keeps a processor busy for seconds.
///
/// The work stays part of the calling task, so cancellation reaches it.
public enum BlockingTask {
    /// Runs `body`, and the child tasks it starts, on a new thread that ends with it; throws what `body` throws.
    public static func run<Result: Sendable>(
        _ body: @concurrent @Sendable @escaping () async throws -> Result
    ) async throws -> Result {
        try await withTaskExecutorPreference(Executor()) { try await body() }
    }

    /// The thread as Swift sees it; a job keeps it alive until it has run.
    private final class Executor: TaskExecutor {
        private let thread = BlockingThread()

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            thread.run { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
        }
    }
}
