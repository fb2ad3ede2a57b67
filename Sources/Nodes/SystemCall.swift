import Glibc

/// What all system calls here share: the error number as a typed error, and words for it.
enum SystemCall {
    /// The failure of `call` on `path`, with the error number that it left.
    static func failure(_ call: String, _ path: String) -> NodeError {
        .system(call: call, path: path, code: errno)
    }

    /// The system's words for an error number.
    static func text(_ code: Int32) -> String {
        guard let text = strerror(code) else { return "error \(code)" }
        return String(cString: text)
    }
}

/// Starts a detached thread, for loops that block.
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
    precondition(code == 0, "No new thread: \(SystemCall.text(code)).")
    pthread_detach(thread)
}
