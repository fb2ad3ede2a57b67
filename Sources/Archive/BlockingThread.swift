import Glibc
import Synchronization

/// A thread of its own for work that waits for a disk or keeps a processor busy for seconds.
///
/// Swift's shared pool has one thread a core; a backup that is hashed, written and verified there would hold up every
/// other task of the controller. Work runs on the thread as part of the calling task, so cancellation reaches it.
final class BlockingThread: TaskExecutor {
    private let queue = JobQueue()

    private init() {
        start(serving: queue)
    }

    deinit {
        queue.close()
    }

    /// Runs `body`, and the child tasks it starts, on a new thread that ends with it.
    static func run<Result: Sendable>(
        _ body: @concurrent @Sendable @escaping () async throws -> Result
    ) async throws -> Result {
        try await withTaskExecutorPreference(BlockingThread()) { try await body() }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        queue.append(UnownedJob(job), for: self)
    }

    private func start(serving queue: JobQueue) {
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(queue)
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<JobQueue>.fromOpaque(argument).takeRetainedValue().serve()
                return nil
            }, argument.toOpaque())
        precondition(code == 0, "no thread for a backup: \(String(cString: strerror(code)))")
        pthread_detach(thread)
    }
}

/// The jobs that wait for a thread; it ends when the queue is closed.
///
/// `@unchecked Sendable`: the semaphore is made for use by several threads, its pointer is set once and freed with the
/// object, and the jobs are behind a mutex.
private final class JobQueue: @unchecked Sendable {
    private struct State {
        var jobs: [(job: UnownedJob, executor: BlockingThread)] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let signal = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() {
        sem_init(signal, 0, 0)
    }

    deinit {
        sem_destroy(signal)
        signal.deallocate()
    }

    /// Adds a job and keeps its executor alive until it has run.
    func append(_ job: UnownedJob, for executor: BlockingThread) {
        state.withLock { $0.jobs.append((job, executor)) }
        sem_post(signal)
    }

    func close() {
        state.withLock { $0.isClosed = true }
        sem_post(signal)
    }

    func serve() {
        while true {
            while sem_wait(signal) != 0 {}  // Only a signal handler ends the wait early.
            let (jobs, isClosed) = state.withLock { state in
                defer { state.jobs = [] }
                return (state.jobs, state.isClosed)
            }
            for (job, executor) in jobs {
                job.runSynchronously(on: executor.asUnownedTaskExecutor())
            }
            if isClosed { return }
        }
    }
}
