import Glibc
import TestSupport

/// What the kernel tells of a running process.
struct ProcessFigures: Sendable {
    /// Time on a processor so far, in user and system mode; exact to a tick of 10 ms.
    let processor: Duration
    /// The memory it holds, in bytes.
    let memory: Int
    /// The most memory it has held, in bytes.
    let peakMemory: Int
    /// The number of its threads.
    let threads: Int
    /// What it has sent to disks so far, in bytes, as the kernel accounts it.
    let written: Int

    /// Looks at a process.
    ///
    /// - Throws: `BenchError` if there is none of that number.
    init(of pid: Int32) throws {
        let status = readTextFile("/proc/\(pid)/status") ?? ""
        let line = readTextFile("/proc/\(pid)/stat") ?? ""
        // The name in brackets may hold spaces; fields 14 and 15 of the line are user and system ticks.
        let fields = line.drop { $0 != ")" }.split(separator: " ")
        guard fields.count > 13, let user = Int64(fields[12]), let system = Int64(fields[13]),
            let memory = Self.field("VmRSS", in: status)
        else { throw BenchError("process \(pid) is not there any more") }
        processor = .milliseconds((user + system) * 1000 / Int64(sysconf(Int32(_SC_CLK_TCK))))
        self.memory = memory
        peakMemory = Self.field("VmHWM", in: status) ?? memory
        let account = readTextFile("/proc/\(pid)/io") ?? ""
        written =
            account.split(separator: "\n").first { $0.hasPrefix("write_bytes:") }
            .flatMap { Int($0.drop { $0 != " " }.dropFirst()) } ?? 0
        threads = (Self.field("Threads", in: status) ?? 0) / 1024
    }

    /// A field of `/proc/PID/status`, which counts in KiB; as bytes.
    static func field(_ name: String, in status: String) -> Int? {
        for line in status.split(separator: "\n") where line.hasPrefix("\(name):") {
            return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) }
                .map { $0 * 1024 }
        }
        return nil
    }
}
