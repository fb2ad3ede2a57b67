import Glibc
import Synchronization

/// The one thread that starts test children, and that lives as long as the test process.
///
/// `prctl(PR_SET_PDEATHSIG)` speaks of the *thread* that made the child: started from a thread of Swift's pool, a child
/// would be killed as soon as that pool thread retires.
final class SpawnThread: Sendable {
    static let shared = SpawnThread()

    private typealias Job = @Sendable () -> Void
    private let jobs = Mutex<[Job]>([])
    private let wake: (read: Int32, write: Int32)

    private init() {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0, "No pipe for the spawning thread: \(systemErrorText(errno)).")
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        wake = (ends[0], ends[1])
        startThread { [self] in loop() }
    }

    /// Runs `work` on the thread and gives back what it returns or throws.
    func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            jobs.withLock { $0.append { continuation.resume(with: Result { try work() }) } }
            var byte: UInt8 = 0
            write(wake.write, &byte, 1)
        }
    }

    private func loop() {
        var byte: UInt8 = 0
        while true {
            guard read(wake.read, &byte, 1) == 1 else { continue }
            let job = jobs.withLock { $0.removeFirst() }
            job()
        }
    }
}

/// Runs `body` on a new detached thread, for calls that block.
func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(body))
    let code = pthread_create(
        &thread, nil,
        { argument in
            guard let argument else { return nil }
            Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
            return nil
        }, box.toOpaque())
    precondition(code == 0, "No new thread: \(systemErrorText(code)).")
    pthread_detach(thread)
}

/// Runs blocking work on a thread of its own, so that Swift's few pool threads stay free.
public func onOwnThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        startThread { continuation.resume(with: Result { try work() }) }
    }
}
