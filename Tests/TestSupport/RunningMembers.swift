import Glibc

/// The etcd processes whose data directory lies under `path`, by their command lines.
public func runningMembers(under path: String) -> [Int32] {
    directoryEntries("/proc").compactMap { Int32($0) }.filter { pid in
        let words = (readTextFile("/proc/\(pid)/cmdline") ?? "").split(separator: "\0")
        return words.first?.hasSuffix("/etcd") == true
            && words.contains { $0.hasPrefix("--data-dir=\(path)/") || $0.hasPrefix("\(path)/") }
    }
}

/// Kills the etcd processes whose data directory lies under `path` and waits until they are gone.
public func endMembers(under path: String) {
    for pid in runningMembers(under: path) {
        kill(pid, SIGKILL)
        // Not reaped here: that is for whoever started it, and a dead process has no command line any more.
        for _ in 0..<500 where runningMembers(under: path).contains(pid) { usleep(2_000) }
    }
}
