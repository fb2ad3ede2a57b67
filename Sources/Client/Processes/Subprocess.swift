internal import CPlatform
import Glibc
import Model
import Threads

/// A program that is run to its end: a credential program, an editor, a pager of differences.
struct Subprocess: Sendable {
    /// Where its standard input comes from.
    enum Input: Sendable {
        /// Nothing can be read.
        case nothing
        /// Ours.
        case inherited
    }

    /// How it ended.
    struct Ending: Sendable {
        /// Its exit code, or 128 and the number of the signal that ended it, as shells count.
        let code: Int32
        /// What it wrote on standard output.
        let output: [UInt8]
    }

    /// Why it could not be run to its end, as the end of a sentence that begins with the program.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// More than this on standard output is no answer.
    private static let outputLimit = 1 << 20

    private let program: String
    private let arguments: [String]
    private let environment: [String: String]
    private let directory: String

    /// Names a program: a path, or one of the `PATH` of the environment it is given.
    init(_ program: String, _ arguments: [String], environment: [String: String], directory: String) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
    }

    /// Runs it and collects its standard output; standard error is ours.
    ///
    /// It is killed at the limit, and when the task is cancelled.
    func output(input: Input, limit: Duration) async throws(Failure) -> Ending {
        try await onThread { () throws(Failure) in
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { throw Failure(errno: errno) }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            let started = Result { () throws(Failure) in try start(input: input, output: ends[1]) }
            close(ends[1])
            defer { close(ends[0]) }
            return try collect(try started.get(), from: ends[0], until: .now + limit, limit)
        }
    }

    /// Runs it on our terminal until it ends by itself.
    func run() async throws(Failure) -> Int32 {
        try await onThread { () throws(Failure) in Self.reap(try start(input: .inherited, output: nil)) }
    }

    private func onThread<Result: Sendable>(
        _ body: @escaping @Sendable () throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        do {
            return try await BlockingTask.run { try body() }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(description: "cannot be run: \(error)")
        }
    }

    private func collect(
        _ pid: pid_t, from descriptor: Int32, until deadline: ContinuousClock.Instant, _ limit: Duration
    ) throws(Failure) -> Ending {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            let rest = min(.milliseconds(100), max(.zero, deadline - .now))
            var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if poll(&ready, 1, Int32(rest / .milliseconds(1))) > 0 {
                let count = read(descriptor, &chunk, chunk.count)
                // Its output is closed: it has ended or is about to.
                if count == 0 { return Ending(code: Self.reap(pid), output: bytes) }
                if count > 0 { bytes += chunk[..<count] }
            }
            let problem: String? =
                if Task.isCancelled {
                    "was interrupted"
                } else if ContinuousClock.now >= deadline {
                    "has not answered after \(limit.goText)"
                } else if bytes.count > Self.outputLimit {
                    "printed more than \(Self.outputLimit >> 20) MiB"
                } else {
                    nil
                }
            if let problem {
                kill(pid, SIGKILL)  // Not reaped yet, so the number is still this process's.
                _ = Self.reap(pid)
                throw Failure(description: problem)
            }
        }
    }

    private func start(input: Input, output: Int32?) throws(Failure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if input == .nothing { posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) }
        if let output { posix_spawn_file_actions_adddup2(&actions, output, 1) }

        // Connections and files of ours are nothing to others.
        _ = lodestone_spawn_close_from(&actions, 3)

        // We block and ignore signals that a program of its own wants to get.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        guard let path = executable else { throw Failure(description: "is not installed") }
        var pid: pid_t = 0
        let code = Self.withCStrings([program] + arguments) { arguments in
            Self.withCStrings(environment.map { "\($0)=\($1)" }.sorted()) {
                posix_spawn(&pid, path, &actions, &attributes, arguments, $0)
            }
        }
        guard code == 0 else { throw Failure(errno: code) }
        return pid
    }

    /// The file to run; nil if there is none.
    private var executable: String? {
        if program.contains("/") {
            let path = program.hasPrefix("/") ? program : "\(directory)/\(program)"
            return InputFile.exists(path) ? path : nil
        }
        return environment["PATH", default: "/usr/local/bin:/usr/bin:/bin"].split(separator: ":").lazy
            .map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 && !InputFile.isDirectory($0) }
    }

    private static func reap(_ pid: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) == -1 { guard errno == EINTR else { return -1 } }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }

    private static func withCStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let vector = strings.map { strdup($0) }
        defer { vector.forEach { free($0) } }
        return body(vector + [nil])
    }
}

extension Subprocess.Failure {
    fileprivate init(errno code: Int32) {
        description = "cannot be run: \(String(cString: strerror(code)).lowercased())"
    }
}
