import CPlatform
import Glibc
import Synchronization

/// The libcurl event loop on a thread of its own, shared by all connections of the process.
///
/// One engine is enough for thousands of endpoints: its thread sleeps until something happens, and a connection costs
/// about 45 KB. It may be shut down while calls run; they fail with a sentence that says so.
public final class HTTPEngine: Sendable {
    /// The thread's name, as `ps -L` and debuggers show it; Linux keeps 15 bytes of it.
    public let name: String
    let loop: EngineLoop
    private let thread: Mutex<pthread_t?>
    private let poolCount = Atomic<Int>(0)
    private let pools = Mutex<[EndpointPool.Key: WeakPool]>([:])

    private struct WeakPool {
        weak var pool: EndpointPool?
        let number: Int
    }

    /// Starts the thread.
    ///
    /// A process that has not even the handful of descriptors this needs cannot do anything; it is stopped.
    public init(name: String = "lodestone-http") {
        self.name = name
        guard let loop = EngineLoop() else {
            preconditionFailure("The HTTP engine got no file descriptors: raise their limit (LimitNOFILE, ulimit -n).")
        }
        self.loop = loop
        thread = Mutex(EngineThread.start(loop, name: name))
    }

    deinit {
        loop.post(.stop)
        // The thread ends by itself; waiting for it here could mean waiting for oneself.
        if let thread = thread.withLock({ $0 }) {
            pthread_detach(thread)
        }
    }

    /// Ends the thread.
    ///
    /// Everything that still runs fails, and every later call fails at once. Waits until it is done; calling it again
    /// does nothing.
    public func shutdown() {
        loop.post(.stop)
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        if let running {
            pthread_join(running, nil)
        }
    }

    /// The releases of libcurl and of the libraries under it, for the log: much of this module is about their habits.
    public static var libraryReleases: String { CurlMulti.libraryReleases }

    /// What was done so far.
    public var statistics: HTTPEngineStatistics {
        let counters = loop.counters
        let closed = counters.connectionsClosed.load(ordering: .relaxed)
        let opened = counters.connectionsOpened.load(ordering: .relaxed)
        return HTTPEngineStatistics(
            attempts: counters.attempts.load(ordering: .relaxed),
            connectionsOpened: opened, openConnections: opened - closed,
            ridersWithoutConnection: counters.ridersWithoutConnection.load(ordering: .relaxed),
            repeats: counters.repeats.load(ordering: .relaxed),
            answersWithoutStatus: counters.answersWithoutStatus.load(ordering: .relaxed))
    }

    /// The pool that all channels to this endpoint share.
    func pool(for endpoint: Endpoint, _ family: EndpointPool.Family) -> EndpointPool {
        let key = EndpointPool.Key(endpoint: endpoint, family: family)
        return pools.withLock { pools in
            if let pool = pools[key]?.pool {
                return pool
            }
            let number = poolCount.wrappingAdd(1, ordering: .relaxed).newValue
            let pool = EndpointPool(key) { [weak self] key in self?.poolIsGone(key, number) }
            pools[key] = WeakPool(pool: pool, number: number)
            return pool
        }
    }

    private func poolIsGone(_ key: EndpointPool.Key, _ number: Int) {
        let isLatest = pools.withLock { pools in
            // Someone may have made a new pool for the same endpoint in the meantime.
            guard pools[key]?.number == number else {
                return false
            }
            pools[key] = nil
            return true
        }
        if isLatest {
            loop.post(.closeIdle(key))
        }
    }
}

/// The start of the engine's thread.
private enum EngineThread {
    /// What the thread is given.
    private final class Start {
        let loop: EngineLoop
        let name: String

        init(_ loop: EngineLoop, _ name: String) {
            self.loop = loop
            self.name = name
        }
    }

    static func start(_ loop: EngineLoop, name: String) -> pthread_t {
        var thread = pthread_t()
        let start = Unmanaged.passRetained(Start(loop, name))
        let code = pthread_create(
            &thread, nil,
            { pointer in
                guard let pointer else {
                    return nil
                }
                let start = Unmanaged<Start>.fromOpaque(pointer).takeRetainedValue()
                var everything = sigset_t()
                sigfillset(&everything)
                // Signals are for others; and a TLS connection that broke must not end the process with SIGPIPE.
                pthread_sigmask(SIG_SETMASK, &everything, nil)
                lodestone_set_thread_name(start.name)
                start.loop.run()
                return nil
            }, start.toOpaque())
        precondition(code == 0, "The HTTP engine got no thread: raise the limit of processes (TasksMax, ulimit -u).")
        return thread
    }
}
