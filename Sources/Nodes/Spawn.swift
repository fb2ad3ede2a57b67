internal import CPlatform
import Glibc

/// Starts programs with nothing of ours in them: no descriptors, no environment, no signal state, no session.
enum Spawn {
    /// Where the new process's standard output and standard error go.
    enum Output {
        case append(String)
        case descriptor(Int32)
    }

    /// The whole environment of every process started here.
    ///
    /// Nothing is inherited: etcd reads every flag from a variable as well, and a stray `ETCD_...` of ours would change
    /// a member behind its record's back.
    static let environment: [String] = {
        var variables = ["PATH=/usr/local/bin:/usr/bin:/bin"]
        #if arch(arm64)
        variables.append("ETCD_UNSUPPORTED_ARCH=arm64")  // Without it etcd 3.4 refuses to run on this processor.
        #endif
        return variables
    }()

    /// Starts `program` in a session of its own, so that neither our end nor a terminal's reaches it.
    static func start(
        _ program: String, _ arguments: [String], directory: String = "/", variables: [String] = [], output: Output
    ) throws(NodeError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        switch output {
        case .append(let path):
            posix_spawn_file_actions_addopen(&actions, 1, path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        case .descriptor(let descriptor): posix_spawn_file_actions_adddup2(&actions, descriptor, 1)
        }
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        _ = lodestone_spawn_close_from(&actions, 3)
        _ = lodestone_spawn_chdir(&actions, directory)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) | lodestone_spawn_setsid())

        var pid: pid_t = 0
        let code = withCStrings([program] + arguments) { arguments in
            withCStrings(environment + variables) { posix_spawn(&pid, program, &actions, &attributes, arguments, $0) }
        }
        guard code == 0 else { throw .system(call: "posix_spawn", path: program, code: code) }
        return pid
    }

    /// Runs a short command and returns what it printed; it is killed when it takes too long.
    static func output(of program: String, _ arguments: [String], timeout: Duration) throws(NodeError) -> String {
        try run(program, arguments, timeout: timeout).output
    }

    /// Runs a command to its end, and returns how it ended and the last of what it printed, at most a megabyte.
    ///
    /// It is killed when it takes too long, and when the calling task is cancelled.
    static func run(
        _ program: String, _ arguments: [String], timeout: Duration
    ) throws(NodeError) -> (status: ProcessExitStatus, output: String) {
        var ends: [Int32] = [-1, -1]
        // A socket pair, because unlike pipe() it can be made close-on-exec in one step.
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0, &ends) == 0 else {
            throw SystemCall.failure("socketpair", program)
        }
        defer { close(ends[0]) }
        let started = Result { () throws(NodeError) in try start(program, arguments, output: .descriptor(ends[1])) }
        close(ends[1])
        let pid = try started.get()
        let deadline = ContinuousClock.now.advanced(by: timeout)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            let rest = min(.milliseconds(200), max(.zero, ContinuousClock.now.duration(to: deadline)))
            var ready = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
            let count = poll(&ready, 1, Int32(rest / .milliseconds(1)))
            if count > 0 {
                let size = recv(ends[0], &chunk, chunk.count, 0)
                // The end: it has closed its output, which it does by ending.
                if size <= 0 { return (reap(pid), String(decoding: bytes, as: UTF8.self)) }
                bytes.append(contentsOf: chunk[..<size])
                if bytes.count > 1 << 20 { bytes.removeFirst(bytes.count - 1 << 19) }
            }
            if Task.isCancelled || ContinuousClock.now >= deadline {
                kill(pid, SIGKILL)  // Not reaped yet, so the number is still this process's.
                _ = reap(pid)
                throw .system(call: "run", path: program, code: Task.isCancelled ? ECANCELED : ETIMEDOUT)
            }
        }
    }

    /// Waits for a child of ours to end.
    private static func reap(_ pid: pid_t) -> ProcessExitStatus {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) == -1 { guard errno == EINTR else { return .unknown } }
        let signal = status & 0x7f
        return signal == 0 ? .code((status >> 8) & 0xff) : .signal(signal)
    }

    private static func withCStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let vector = strings.map { strdup($0) }
        defer { vector.forEach { free($0) } }
        return body(vector + [nil])
    }
}
