/// An executor that runs an actor's jobs on one thread of its own, in the order they came.
///
/// For actors whose work blocks: a commit that waits for the disk, starting processes, reading `/proc`. The thread ends
/// with the executor; a job keeps it alive until it has run.
public final class BlockingExecutor: SerialExecutor {
    private let thread = BlockingThread()

    /// Starts the thread.
    public init() {}

    /// Has the thread run a job of the actor.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        thread.run { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
