import Glibc

/// The etcd processes whose data directory lies under `path`, by their command lines.
public func runningMembers(under path: String) -> [Int32] {
    directoryEntries("/proc").compactMap { Int32($0) }.filter { isMember($0, under: path) }
}

/// Whether a process is an etcd whose data directory lies under `path`.
private func isMember(_ pid: Int32, under path: String) -> Bool {
    // The name of the program first: to read all command lines of a machine again and again costs more than the tests.
    guard readTextFile("/proc/\(pid)/comm") == "etcd\n" else { return false }
    let words = (readTextFile("/proc/\(pid)/cmdline") ?? "").split(separator: "\0")
    return words.first?.hasSuffix("/etcd") == true
        && words.contains { $0.hasPrefix("--data-dir=\(path)/") || $0.hasPrefix("\(path)/") }
}

/// Kills the etcd processes whose data directory lies under `path` and waits until they are gone.
public func endMembers(under path: String) {
    for pid in runningMembers(under: path) {
        kill(pid, SIGKILL)
        // Not reaped here: that is for whoever started it, and a dead process has no command line any more.
        for _ in 0..<500 where isMember(pid, under: path) { usleep(2_000) }
    }
}
