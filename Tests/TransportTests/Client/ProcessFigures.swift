import Glibc
import TestSupport

/// What the operating system says of this process.
enum ProcessFigures {
    /// Resident memory in bytes.
    static var residentByteCount: Int {
        let fields = (readTextFile("/proc/self/statm") ?? "").split(separator: " ")
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * sysconf(Int32(_SC_PAGESIZE))
    }

    /// Open descriptors.
    static var descriptorCount: Int { directoryEntries("/proc/self/fd").count }
}
