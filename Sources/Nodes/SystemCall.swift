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
