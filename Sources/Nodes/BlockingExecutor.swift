internal import CPlatform
import Glibc
import Synchronization

/// One thread that an actor's jobs run on, for actors whose work blocks: starting processes, reading `/proc`, fsync.
final class BlockingExecutor: SerialExecutor {
    private struct Queue {
        var jobs: [UnownedJob] = []
        var isStopped = false
    }

    private let queue = Mutex(Queue())
    private let wake: Int32

    init() {
        wake = eventfd(0, Int32(EFD_CLOEXEC))
        precondition(wake >= 0, "No eventfd for an executor: \(SystemCall.text(errno)).")
        startThread { [self] in loop() }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.withLock { $0.jobs.append(job) }
        signal()
    }

    /// Ends the thread once its jobs are done; called by the deinit of the actor that owns this.
    func stop() {
        queue.withLock { $0.isStopped = true }
        signal()
    }

    private func signal() {
        var one: UInt64 = 1
        write(wake, &one, 8)
    }

    private func loop() {
        var count: UInt64 = 0
        while true {
            _ = read(wake, &count, 8)
            let (jobs, isStopped) = queue.withLock { queue in
                defer { queue.jobs = [] }
                return (queue.jobs, queue.isStopped)
            }
            for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
            if isStopped && jobs.isEmpty { break }
            if isStopped { signal() }
        }
        close(wake)
    }
}
