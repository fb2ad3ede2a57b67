import Glibc
import Synchronization

/// An executor that runs an actor's jobs on one thread of its own, in the order they came.
///
/// SQLite blocks: a commit waits for the disk. On Swift's shared pool, which has one thread a core, that wait would
/// hold up every other task of the program.
final class BlockingExecutor: SerialExecutor {
    private let queue = JobQueue()

    init() {
        startThread(serving: queue)
    }

    deinit {
        queue.close()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        queue.append(JobQueue.Entry(job: UnownedJob(job), executor: self))
    }
}

/// The jobs that wait for the thread.
private final class JobQueue: Sendable {
    /// A job, with the executor kept alive until it has run.
    struct Entry: Sendable {
        let job: UnownedJob
        let executor: BlockingExecutor

        func run() {
            job.runSynchronously(on: executor.asUnownedSerialExecutor())
        }
    }

    private struct State {
        var entries: [Entry] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let signal = Signal()

    func append(_ entry: Entry) {
        state.withLock { $0.entries.append(entry) }
        signal.raise()
    }

    func close() {
        state.withLock { $0.isClosed = true }
        signal.raise()
    }

    /// Runs jobs until the queue is closed.
    func serve() {
        while true {
            signal.wait()
            let (batch, isClosed) = state.withLock { state in
                defer { state.entries = [] }
                return (state.entries, state.isClosed)
            }
            for entry in batch { entry.run() }
            if isClosed { return }
        }
    }
}

/// A counting semaphore.
///
/// `@unchecked Sendable`: the pointer is set once and freed with the object, and the semaphore behind it is made to be
/// used by several threads.
private final class Signal: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() {
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func raise() {
        sem_post(semaphore)
    }

    func wait() {
        while sem_wait(semaphore) != 0 {}  // Only a signal handler ends the wait early.
    }
}

/// Starts a detached thread that serves `queue` and ends when the queue is closed.
private func startThread(serving queue: JobQueue) {
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(queue)
    let code = pthread_create(
        &thread, nil,
        { argument in
            guard let argument else { return nil }
            Unmanaged<JobQueue>.fromOpaque(argument).takeRetainedValue().serve()
            return nil
        }, argument.toOpaque())
    precondition(code == 0, "no thread for the store: \(String(cString: strerror(code)))")
    pthread_detach(thread)
}
