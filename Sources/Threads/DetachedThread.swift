import Glibc

/// A thread that nobody waits for, for loops and calls that block.
public enum DetachedThread {
    private final class Box: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) {
            self.body = body
        }
    }

    /// Runs `body` on a new thread that ends with it.
    ///
    /// A process that may not have another thread cannot do its work; it is stopped.
    public static func start(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(body))
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        precondition(code == 0, "There is no further thread: raise the limit of processes (TasksMax, ulimit -u).")
        pthread_detach(thread)
    }
}
