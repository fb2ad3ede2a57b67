import Glibc
import Synchronization

/// The place where log lines go: standard error, a file, or a closure.
///
/// Each line is handed to the kernel in one `write(2)`, so lines of several threads, and of several processes that
/// append to one file, never mix. A line that cannot be written (disk full, reader stuck for a second) is dropped and
/// counted: logging must never stop the work it describes.
public final class LogSink: Sendable {
    private enum Target: Sendable {
        case descriptor(Int32, owned: Bool)
        case closure(@Sendable ([UInt8]) -> Void)
        case nowhere
    }

    private let target: Target
    private let format: LogFormat
    private let dropped = Atomic<Int>(0)

    private init(_ target: Target, format: LogFormat) {
        self.target = target
        self.format = format
    }

    deinit {
        if case .descriptor(let descriptor, owned: true) = target {
            close(descriptor)
        }
    }

    /// Standard error.
    public static func standardError(format: LogFormat) -> LogSink {
        LogSink(.descriptor(STDERR_FILENO, owned: false), format: format)
    }

    /// The end of the file at `path`, made with mode 0640 if it does not exist.
    ///
    /// - Throws: ``LogFileError`` when the file cannot be opened.
    public static func file(_ path: String, format: LogFormat) throws(LogFileError) -> LogSink {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            throw LogFileError(path: path, reason: String(cString: strerror(errno)))
        }
        return LogSink(.descriptor(descriptor, owned: true), format: format)
    }

    /// A closure that gets each line, newline included.
    public static func closure(format: LogFormat, _ body: @escaping @Sendable ([UInt8]) -> Void) -> LogSink {
        LogSink(.closure(body), format: format)
    }

    /// No place at all.
    public static var none: LogSink {
        LogSink(.nowhere, format: .text)
    }

    /// How many lines could not be written since the start.
    public var droppedLines: Int {
        dropped.load(ordering: .relaxed)
    }

    func write(_ line: LogLine) {
        switch target {
        case .nowhere: return
        case .closure(let body): body(line.bytes(in: format))
        case .descriptor(let descriptor, _):
            if !Self.write(line.bytes(in: format), to: descriptor) {
                dropped.add(1, ordering: .relaxed)
            }
        }
    }

    /// Writes all of `bytes`; a second call follows only where the kernel took less than everything.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written > 0 {
                    rest = rest.dropFirst(written)
                } else if errno == EAGAIN {
                    var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    guard poll(&request, 1, 1000) > 0 else { return false }
                } else if errno != EINTR {
                    return false
                }
            }
            return true
        }
    }
}

/// An error that says which log file could not be opened and why.
public struct LogFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file.
    public let path: String
    /// What the system said.
    public let reason: String

    /// The sentence for the user.
    public var description: String {
        "The log file \(path) cannot be opened: \(reason). Choose another file or check its directory's permissions."
    }
}
