internal import CPlatform
import Glibc
import Synchronization

/// A process started by a test, killed by the kernel when the test process dies however it dies.
public final class ChildProcess: Sendable {
    /// The process number.
    public let pid: Int32
    private let ended = Mutex<Int32?>(nil)

    private init(pid: Int32) {
        self.pid = pid
    }

    /// Starts `executable` with a clean signal state and no descriptor but the three standard ones.
    ///
    /// `environment` is the whole environment of the child, nothing is inherited. Standard output is appended to the
    /// file `output`, standard error to `errors`, or to `output` as well when that is nil.
    public static func start(
        _ executable: String, _ arguments: [String], environment: [String: String] = ["PATH": "/usr/bin:/bin"],
        output: String = "/dev/null", errors: String? = nil
    ) async throws -> ChildProcess {
        let guarded = Self.deathSignal.map { $0 + [executable] + arguments } ?? [executable] + arguments
        let pid = try await SpawnThread.run {
            try spawn(guarded, environment.map { "\($0)=\($1)" }.sorted(), output, errors)
        }
        return ChildProcess(pid: pid)
    }

    /// The raw wait status once the process has ended, nil while it runs.
    public var waitStatus: Int32? {
        ended.withLock { ended in
            if let ended { return ended }
            var status: Int32 = 0
            guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
            ended = status
            return status
        }
    }

    /// Whether the process has not ended yet.
    public var isRunning: Bool { waitStatus == nil }

    /// Sends a signal; nothing happens when the process has ended, since its number may be another's by then.
    public func signal(_ number: Int32) {
        ended.withLock { ended in
            guard ended == nil else { return }
            Glibc.kill(pid, number)
        }
    }

    /// Waits for the end and returns the exit code, or 128 + the signal's number as a shell does.
    @discardableResult
    public func waitForExit(timeout: Duration = .seconds(15)) async throws -> Int32 {
        // Asked often at first, as most end at once, and less so when it takes its time.
        var pause = Duration.milliseconds(2)
        let status = try await eventually("process \(pid) has ended", timeout: timeout, poll: .milliseconds(1)) {
            if let waitStatus { return waitStatus }
            pause = min(pause * 1.2, .milliseconds(50))
            try await Task.sleep(for: pause)
            return waitStatus
        }
        return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    }

    /// Ends the process: SIGTERM, and SIGKILL when it is still there after `grace`.
    public func end(grace: Duration = .seconds(15)) async throws {
        signal(SIGCONT)
        signal(SIGTERM)
        do {
            try await waitForExit(timeout: grace)
        } catch {
            signal(SIGKILL)
            try await waitForExit()
        }
    }

    /// What a finished command left.
    public struct Output: Sendable {
        /// Exit code, or 128 + the signal's number.
        public let status: Int32
        /// All of standard output.
        public let output: String
        /// All of standard error.
        public let errors: String
    }

    /// Runs a command to its end and returns what it printed; a time-out kills it and throws.
    @discardableResult
    public static func run(
        _ executable: String, _ arguments: [String], environment: [String: String] = ["PATH": "/usr/bin:/bin"],
        timeout: Duration = .seconds(30)
    ) async throws -> Output {
        let directory = try TemporaryDirectory("run", holdsMembers: false)
        let (out, err) = (directory.file("out"), directory.file("err"))
        let child = try await start(executable, arguments, environment: environment, output: out, errors: err)
        do {
            let status = try await child.waitForExit(timeout: timeout)
            return Output(status: status, output: readTextFile(out) ?? "", errors: readTextFile(err) ?? "")
        } catch {
            child.signal(SIGKILL)
            _ = try? await child.waitForExit()  // The first error is the one to tell.
            throw TestSupportError("\(executable) \(arguments.joined(separator: " ")) did not end: \(error)")
        }
    }

    private static let deathSignal: [String]? =
        access("/usr/bin/setpriv", X_OK) == 0 ? ["/usr/bin/setpriv", "--pdeathsig", "KILL"] : nil
}

private func spawn(_ command: [String], _ environment: [String], _ output: String, _ errors: String?) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let appending = O_WRONLY | O_CREAT | O_APPEND
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, appending, 0o644)
    if let errors {
        posix_spawn_file_actions_addopen(&actions, 2, errors, appending, 0o644)
    } else {
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
    }
    _ = lodestone_spawn_close_from(&actions, 3)

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

    var pid: pid_t = 0
    let code = withCStrings(command) { arguments in
        withCStrings(environment) { environment in
            posix_spawn(&pid, command[0], &actions, &attributes, arguments, environment)
        }
    }
    guard code == 0 else { throw TestSupportError(call: "posix_spawn(\(command[0]))", code: code) }
    return pid
}

/// Calls `body` with a null-terminated vector of C strings.
private func withCStrings<Result>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
    let vector = strings.map { strdup($0) }
    defer { vector.forEach { free($0) } }
    return body(vector + [nil])
}
