import Glibc
import TestSupport

/// The machine that benchmarks run on.
enum Machine {
    /// Processor, memory, system and stock tools, in a line.
    static var description: String {
        let information = readTextFile("/proc/cpuinfo") ?? ""
        let models = information.split(separator: "\n").filter { $0.hasPrefix("model name") }
        let model = models.first.flatMap { $0.split(separator: ":").last.map { trimmed($0) } } ?? "unknown processor"
        let memory = ProcessFigures.field("MemTotal", in: readTextFile("/proc/meminfo") ?? "") ?? 0
        let kernel = trimmed(Substring(readTextFile("/proc/sys/kernel/osrelease") ?? ""))
        let system =
            (readTextFile("/etc/os-release") ?? "").split(separator: "\n")
            .first { $0.hasPrefix("PRETTY_NAME=") }?.dropFirst(12).filter { $0 != "\"" } ?? "unknown system"
        return "Machine: \(models.count) × \(model), \(memory >> 30) GiB, \(system), Linux \(kernel)."
    }

    /// How many processes wanted a processor in the last minute.
    static var loadAverage: String {
        (readTextFile("/proc/loadavg") ?? "").split(separator: " ").first.map(String.init) ?? "?"
    }

    private static func trimmed(_ text: Substring) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
