import Threads

/// The one thread that starts test children, and that lives as long as the test process.
///
/// `prctl(PR_SET_PDEATHSIG)` speaks of the *thread* that made the child: started from a thread of Swift's pool, a child
/// would be killed as soon as that pool thread retires.
enum SpawnThread {
    private static let shared = BlockingThread()

    /// Runs `work` on the thread and gives back what it returns or throws.
    static func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            shared.run { continuation.resume(with: Result { try work() }) }
        }
    }
}

/// Runs blocking work on a thread of its own, so that Swift's few pool threads stay free.
public func onOwnThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        DetachedThread.start { continuation.resume(with: Result { try work() }) }
    }
}
