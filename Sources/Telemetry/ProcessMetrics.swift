import Glibc

/// What the process itself uses, under the names every Prometheus client uses.
public enum ProcessMetrics {
    /// A collector that reads `/proc/self` at each scrape; figures that cannot be read are left out.
    public static let collector: MetricsRegistry.Collector = { families() }

    static func families() -> [MetricFamily] {
        var families: [MetricFamily] = []
        if let usage = ProcessUsage.read() {
            families.append(
                MetricFamily(
                    "process_resident_memory_bytes", "Resident memory size in bytes.",
                    samples: [MetricSample(usage.residentBytes)]))
            families.append(
                MetricFamily(
                    "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", kind: .counter,
                    samples: [MetricSample(usage.cpuSeconds)]))
            families.append(
                MetricFamily(
                    "process_threads", "Number of operating-system threads.", samples: [MetricSample(usage.threads)]))
            families.append(
                MetricFamily(
                    "process_start_time_seconds", "Start time of the process since the Unix epoch in seconds.",
                    samples: [MetricSample(usage.startSeconds)]))
        }
        if let count = openDescriptors() {
            families.append(
                MetricFamily(
                    "process_open_fds", "Number of open file descriptors.", samples: [MetricSample(Double(count))]))
        }
        return families
    }

    private static func openDescriptors() -> Int? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Neither `.` and `..` nor the descriptor of this very reading.
        return max(0, count - 3)
    }
}

/// The figures of `/proc/self/stat`, see proc(5).
struct ProcessUsage {
    let residentBytes: Double
    let cpuSeconds: Double
    let threads: Double
    let startSeconds: Double

    static func read() -> ProcessUsage? {
        guard let stat = text(of: "/proc/self/stat"), let bootTime = bootTime() else { return nil }
        // The second field is the program's name in parentheses and may hold anything, so count after its end.
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[end...].split(separator: " ").dropFirst().map { Double($0) ?? 0 }
        guard fields.count > 21 else { return nil }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        return ProcessUsage(
            residentBytes: fields[21] * Double(sysconf(Int32(_SC_PAGESIZE))),
            cpuSeconds: (fields[11] + fields[12]) / ticks, threads: fields[17],
            startSeconds: bootTime + fields[19] / ticks)
    }

    private static func bootTime() -> Double? {
        text(of: "/proc/stat")?.split(separator: "\n").first { $0.hasPrefix("btime ") }
            .flatMap { Double($0.dropFirst("btime ".count)) }
    }

    private static func text(of path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
