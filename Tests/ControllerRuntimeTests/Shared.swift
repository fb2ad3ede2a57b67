import Synchronization

/// A locked value that closures can share.
final class Shared<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    init(_ value: Value) {
        mutex = Mutex(value)
    }

    func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        mutex.withLock { body(&$0) }
    }
}

/// A counter that closures can share.
final class SharedCount: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .relaxed) }

    func add() {
        count.add(1, ordering: .relaxed)
    }
}

/// Runs `service` beside `body`, and ends it by cancellation when `body` is through.
func withRunning<Result: Sendable>(
    _ service: @escaping @Sendable () async throws -> Void, during body: () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await service() }
        let result = try await body()
        group.cancelAll()
        try await group.waitForAll()
        return result
    }
}
