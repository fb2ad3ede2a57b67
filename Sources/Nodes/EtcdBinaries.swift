import Glibc
internal import Threads

/// Finds etcd programs by version, and asks each for its version once.
///
/// In every search directory `etcd` itself counts, and `etcd` in every directory below, as `3.5.1/etcd` or
/// `etcd-3.5.1/etcd`. The version is what the program says, not what its directory is called.
public actor EtcdBinaries {
    private struct Stamp: Hashable {
        var path: String
        var device: UInt
        var inode: UInt
        var modified: Int
        var size: Int
    }

    private let directories: [String]
    private var versions: [Stamp: String] = [:]
    private let executor = BlockingExecutor()

    /// Runs on a thread of its own, because starting a program blocks.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Searches `directories` first, then those of `path` (as `PATH` gives them), then `/usr/bin`.
    public init(directories: [String] = [], path: String = "/usr/local/bin:/usr/bin") {
        var seen: Set<String> = []
        self.directories = (directories + path.split(separator: ":").map(String.init) + ["/usr/bin"])
            .filter { $0.hasPrefix("/") && seen.insert($0).inserted }
    }

    /// The program of the wanted version, as `3.4.23`, or the newest patch of a wanted `3.4`.
    ///
    /// Throws `binaryMissing`, which lists what is there instead and where it was looked for.
    public func find(_ wanted: String) throws(NodeError) -> EtcdBinary {
        let found = all()
        let fitting = found.filter { $0.satisfies(wanted) }
        // Of equal versions the first by search order.
        guard let best = fitting.first(where: { candidate in !fitting.contains { candidate.precedes($0) } }) else {
            throw .binaryMissing(wanted: wanted, found: found, searched: directories)
        }
        return best
    }

    /// Every etcd program that is there and tells its version, in search order.
    public func all() -> [EtcdBinary] {
        var seen: Set<Stamp> = []
        return candidates().compactMap { path in
            guard let stamp = Self.stamp(path), seen.insert(stamp).inserted else { return nil }
            guard let version = version(of: path, stamp) else { return nil }
            return EtcdBinary(path: path, version: version)
        }
    }

    private func candidates() -> [String] {
        directories.flatMap { directory -> [String] in
            // A directory that is not there or not readable holds nothing for us.
            let below = isProgramDirectory(directory) ? [] : (try? LocalFiles.names(in: directory)) ?? []
            let paths: [String] = ["\(directory)/etcd"] + below.map { name in "\(directory)/\(name)/etcd" }
            return paths.filter { path in access(path, X_OK) == 0 }
        }
    }

    /// The directories of `PATH` hold thousands of programs and no versions.
    private func isProgramDirectory(_ directory: String) -> Bool {
        directory.hasSuffix("/bin") || directory.hasSuffix("/sbin")
    }

    private func version(of path: String, _ stamp: Stamp) -> String? {
        if let known = versions[stamp] { return known }
        // A program that cannot be run is no etcd that we could start.
        guard let output = try? Spawn.output(of: path, ["--version"], timeout: .seconds(10)) else { return nil }
        let label = "etcd Version: "
        guard let line = output.split(separator: "\n").first(where: { $0.hasPrefix(label) }) else { return nil }
        let version = String(line.dropFirst(label.count).filter { !$0.isWhitespace })
        versions[stamp] = version
        return version
    }

    private static func stamp(_ path: String) -> Stamp? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        // The path as links resolve it, so that one program found twice is listed once.
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return Stamp(
            path: String(cString: real), device: status.st_dev, inode: status.st_ino,
            modified: status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec, size: Int(status.st_size))
    }
}
