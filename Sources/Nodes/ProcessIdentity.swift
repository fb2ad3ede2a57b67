import Glibc
import Model

/// A process that cannot be mistaken for a later one with the same number: the number and when it started.
struct ProcessIdentity: Sendable, Hashable {
    var pid: Int32
    /// Start time in clock ticks since boot, field 22 of `/proc/PID/stat`.
    var startTicks: UInt64

    /// The process that has this number now; nil when none has, or when it has ended and only awaits its parent.
    static func current(_ pid: Int32) -> ProcessIdentity? { read(pid, countsEnded: false) }

    /// The child that was just started with this number, even when it has ended already.
    static func started(_ pid: Int32) -> ProcessIdentity? { read(pid, countsEnded: true) }

    private static func read(_ pid: Int32, countsEnded: Bool) -> ProcessIdentity? {
        // Gone is the meaning of a failure.
        guard let bytes = (try? LocalFiles.read("/proc/\(pid)/stat")) ?? nil else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        // The name, in parentheses, may hold anything: the fields are counted from its end.
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, let threads = Int(fields[17]), let ticks = UInt64(fields[19]) else { return nil }
        // A dead first thread with others still running holds ports and locks: not ended yet.
        if !countsEnded, fields[0] == "Z" || fields[0] == "X", threads <= 1 { return nil }
        return ProcessIdentity(pid: pid, startTicks: ticks)
    }

    /// When the process started.
    var startedAt: Timestamp {
        var uptime = timespec()
        clock_gettime(CLOCK_BOOTTIME, &uptime)
        let ticksPerSecond = max(1, Int(sysconf(Int32(_SC_CLK_TCK))))
        let sinceBoot = Duration.milliseconds(Int(startTicks) * 1_000 / ticksPerSecond)
        let bootedFor = Duration.seconds(uptime.tv_sec) + .nanoseconds(uptime.tv_nsec)
        return Timestamp.now + (sinceBoot - bootedFor)
    }

    /// The command line, program first.
    var commandLine: [String] {
        // Gone is the meaning of a failure.
        guard let bytes = (try? LocalFiles.read("/proc/\(pid)/cmdline")) ?? nil else { return [] }
        return bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast()
            .map { String(decoding: $0, as: UTF8.self) }
    }
}
