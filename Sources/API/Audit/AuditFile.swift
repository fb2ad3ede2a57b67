import Glibc
import Threads

/// The files of an audit log: the one that is written, and older ones with a number, of which the last is removed.
///
/// An actor on a thread of its own, because a disk may take its time.
actor AuditFile {
    private let executor = BlockingExecutor()
    private let path: String
    private let size: Int64
    private let count: Int
    private var descriptor: Int32 = -1
    private var written: Int64 = 0
    /// Whether it is a file, and not a terminal or the like.
    private var isFile = true
    /// Whether the file ends in the middle of a line, which a full disk cut off.
    private var isTorn = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Describes a log; nothing is opened yet.
    ///
    /// - Parameters:
    ///   - path: The file that is written.
    ///   - size: From how many bytes on a new one is begun.
    ///   - count: How many files there are at most.
    init(path: String, size: Int64, count: Int) {
        self.path = path
        self.size = size
        self.count = max(count, 1)
    }

    /// Adds whole lines to the log; why that was not possible, if it was not.
    func append(_ lines: [UInt8]) -> String? {
        if let problem = prepare() { return problem }
        var rest = (isTorn ? [UInt8(ascii: "\n")] + lines : lines)[...]
        while !rest.isEmpty {
            let done = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard done > 0 else {
                if done < 0, errno == EINTR { continue }
                let code = errno
                isTorn = isTorn && rest.count > lines.count || rest.count < lines.count
                return failure(code)
            }
            written += Int64(done)
            rest = rest.dropFirst(done)
        }
        isTorn = false
        return nil
    }

    /// Opens the file to see that it can be; why not, if it cannot.
    func open() -> String? {
        prepare()
    }

    func close() {
        guard descriptor >= 0 else { return }
        Glibc.close(descriptor)
        descriptor = -1
    }

    private func prepare() -> String? {
        if descriptor >= 0 {
            // A file that somebody has removed or renamed is nobody's log any more.
            var here = stat()
            var there = stat()
            let isSame =
                fstat(descriptor, &here) == 0 && stat(path, &there) == 0 && here.st_ino == there.st_ino
                && here.st_dev == there.st_dev
            if !isSame { close() }
        }
        if descriptor >= 0, written >= size, isFile { rotate() }
        guard descriptor < 0 else { return nil }
        let flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW
        descriptor = Glibc.open(path, flags, 0o600)
        guard descriptor >= 0 else { return failure(errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close()
            return failure(code)
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: fchmod(descriptor, 0o600)
        case S_IFCHR: break
        default:
            close()
            return "it is no file"
        }
        isFile = status.st_mode & S_IFMT == S_IFREG
        written = Int64(status.st_size)
        // Whoever was killed in the middle of a line left one behind that has no end.
        var last: UInt8 = 0
        isTorn =
            isFile && written > 0 && pread(descriptor, &last, 1, Int(written) - 1) == 1 && last != UInt8(ascii: "\n")
        return nil
    }

    private func rotate() {
        close()
        if count == 1 {
            unlink(path)
            return
        }
        // What is overwritten by the last step is the oldest; one that cannot be moved is written on, not lost.
        for number in stride(from: count - 1, through: 1, by: -1) {
            let older = number == 1 ? path : "\(path).\(number - 1)"
            rename(older, "\(path).\(number)")
        }
    }

    private func failure(_ code: Int32) -> String {
        String(cString: strerror(code))
    }
}
