import Glibc
import Synchronization

/// One thread that runs what it is given, in the order it came.
///
/// Swift's shared pool has one thread a core: what waits there for a disk, a process or a lock holds up every other
/// task of the program. The thread ends with this object, once what it was given is done.
public final class BlockingThread: Sendable {
    private let queue = WorkList()

    /// Starts the thread.
    public init() {
        DetachedThread.start { [queue] in queue.serve() }
    }

    deinit {
        queue.close()
    }

    /// Has the thread run `work`, which may block; returns at once.
    public func run(_ work: @escaping @Sendable () -> Void) {
        queue.append(work)
    }
}

/// The work that waits for a thread.
///
/// `@unchecked Sendable`: the semaphore is made for use by several threads, its pointer is set once and freed with the
/// object, and the rest is behind a mutex.
private final class WorkList: @unchecked Sendable {
    private struct State {
        var work: [@Sendable () -> Void] = []
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

    func append(_ work: @escaping @Sendable () -> Void) {
        state.withLock { $0.work.append(work) }
        sem_post(signal)
    }

    func close() {
        state.withLock { $0.isClosed = true }
        sem_post(signal)
    }

    /// Runs what comes until the list is closed and empty.
    func serve() {
        while true {
            while sem_wait(signal) != 0 {}  // Only a signal handler ends the wait early.
            let (batch, isClosed) = state.withLock { state in
                defer { state.work = [] }
                return (state.work, state.isClosed)
            }
            for work in batch { work() }
            if isClosed { return }
        }
    }
}
