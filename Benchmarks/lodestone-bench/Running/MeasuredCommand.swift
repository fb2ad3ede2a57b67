import Glibc
import TestSupport

/// A command that is run to its end and measured: time, processor, memory.
struct MeasuredCommand: Sendable {
    /// The executable and its arguments.
    var command: [String]
    /// Where standard output goes.
    var output = "/dev/null"
    /// How long it may take; it is killed then.
    var timeout = Duration.seconds(300)
    /// How much a run works off.
    var work = 1.0
    /// How often it is looked at: this is how exact time and memory are.
    ///
    /// Zero keeps one processor busy with looking.
    var interval = Duration.milliseconds(1)
    /// Whether being killed when the time is over is how it is meant to end.
    var isEndless = false
    /// Whether the process looked at is the one that works.
    var isMemorySeen = true

    /// The stock client, with what every call of it needs.
    static func etcdctl(_ endpoint: String, _ arguments: String...) -> MeasuredCommand {
        MeasuredCommand(command: ["/usr/bin/etcdctl", "--endpoints", endpoint] + arguments)
    }

    /// A shell script that finds its first argument in `$1`; the memory of what it calls is not seen.
    static func script(_ text: String, _ arguments: String...) -> MeasuredCommand {
        MeasuredCommand(command: ["/bin/bash", "-euc", text, "bench"] + arguments, isMemorySeen: false)
    }

    /// Runs it once; `directory` takes what it writes to standard error.
    ///
    /// - Throws: `BenchError` with the end of that if it fails.
    func run(in directory: String) async throws -> Usage {
        let errors = "\(directory)/errors-\(UInt32.random(in: 0 ... .max))"
        defer { unlink(errors) }
        let before = Self.processorOfChildren()
        let start = ContinuousClock.now
        let child = try await ChildProcess.start(
            command[0], Array(command.dropFirst()), environment: ["PATH": "/usr/bin:/bin", "ETCDCTL_API": "3"],
            output: output, errors: errors)
        let (end, peak) = try await onOwnThread { watch(child, since: start) }
        let status = try await child.waitForExit()
        guard status == 0 || isEndless else {
            throw BenchError(
                "\(command.joined(separator: " ").prefix(200)) ended with \(status): "
                    + "\((readTextFile(errors) ?? "").suffix(500))")
        }
        return Usage(
            wall: end - start, processor: Self.processorOfChildren() - before,
            peakMemory: isMemorySeen ? peak : nil, work: work)
    }

    /// Looks at a process until it has ended, which is then still to be waited for.
    private func watch(
        _ child: ChildProcess, since start: ContinuousClock.Instant
    ) -> (end: ContinuousClock.Instant, peakMemory: Int) {
        let file = "/proc/\(child.pid)/status"
        let pause = useconds_t(interval.seconds * 1e6)
        var peak = 0
        while true {
            var info = siginfo_t()
            let code = waitid(P_PID, id_t(child.pid), &info, WEXITED | WNOHANG | WNOWAIT)
            let now = ContinuousClock.now
            if code != 0 || info._sifields._kill.si_pid != 0 { return (now, peak) }
            // A process that has ended or has not begun yet has no memory to tell of.
            peak = max(peak, ProcessFigures.field("VmHWM", in: readTextFile(file) ?? "") ?? 0)
            if now - start > timeout { child.signal(isEndless ? SIGTERM : SIGKILL) }
            if pause > 0 { usleep(pause) }
        }
    }

    private static func processorOfChildren() -> Duration {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage)
        func duration(_ time: timeval) -> Duration { .seconds(time.tv_sec) + .microseconds(time.tv_usec) }
        return duration(usage.ru_utime) + duration(usage.ru_stime)
    }
}
