import Glibc
import Synchronization

/// A fresh directory that is removed with everything in it when this object goes away.
///
/// etcd processes that keep their data in it are killed first, also those that were made to outlive their starter.
/// Keep the object as long as the path is in use: as a property of the test suite, or through
/// `withTemporaryDirectory`. Directories left by test processes that were killed are swept at the first use.
public final class TemporaryDirectory: Sendable {
    /// The absolute path, without a trailing slash.
    public let path: String

    private let holdsMembers: Bool

    /// Makes the directory under `TMPDIR` or `/tmp`.
    ///
    /// Where no member can have its data in it, `holdsMembers` spares the search for them at the end.
    public init(_ label: String = "test", holdsMembers: Bool = true) throws {
        self.holdsMembers = holdsMembers
        _ = Self.swept
        let root = Self.root
        guard mkdir(root, 0o777) == 0 || errno == EEXIST else {
            throw TestSupportError(call: "mkdir(\(root))", code: errno)
        }
        path = "\(root)/\(getpid())-\(label)-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        guard mkdir(path, 0o700) == 0 else { throw TestSupportError(call: "mkdir(\(path))", code: errno) }
    }

    deinit {
        if holdsMembers { endMembers(under: path) }
        removeTree(path)
    }

    /// The path of something inside.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    private static let root = (getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp") + "/lodestone-tests"

    /// Removes what dead test processes left behind, once per process.
    private static let swept: Void = {
        for name in directoryEntries(root) {
            guard let owner = name.split(separator: "-").first.flatMap({ pid_t($0) }) else { continue }
            guard kill(owner, 0) == -1 && errno == ESRCH else { continue }
            endMembers(under: "\(root)/\(name)")
            removeTree("\(root)/\(name)")
        }
    }()
}

/// Runs `body` with a fresh directory that is removed afterwards, also when `body` throws.
public func withTemporaryDirectory<Result>(
    _ label: String = "test", _ body: (String) async throws -> Result
) async throws -> Result {
    let directory = try TemporaryDirectory(label)
    let result = try await body(directory.path)
    _ = consume directory
    return result
}

/// The names in a directory, sorted, without `.` and `..`; empty when it cannot be read.
public func directoryEntries(_ path: String) -> [String] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
            tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
}

/// Removes a file or a directory with all it holds; symbolic links are removed, not followed.
public func removeTree(_ path: String) {
    if unlink(path) == 0 || errno == ENOENT { return }
    for name in directoryEntries(path) { removeTree("\(path)/\(name)") }
    rmdir(path)
}
