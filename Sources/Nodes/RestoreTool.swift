import Glibc

/// etcd's own program that makes a data directory of a snapshot.
///
/// `etcdutl` from 3.5 on, `etcdctl` before; both check the snapshot's SHA-256 trailer, and delete nothing.
public struct RestoreTool: Sendable, Equatable {
    /// The absolute path of the program.
    public var path: String

    /// The tool that lies beside an etcd program and fits its version.
    ///
    /// Throws `restoreToolMissing`.
    public init(beside binary: EtcdBinary) throws(NodeError) {
        let directory = LocalFiles.parent(binary.path)
        // From 3.6 on etcdctl cannot do it any more.
        let names = binary.version.hasPrefix("3.4.") ? ["etcdctl"] : ["etcdutl", "etcdctl"]
        let candidates = names.map { "\(directory)/\($0)" }
        guard let found = candidates.first(where: { access($0, X_OK) == 0 && !LocalFiles.isDirectory($0) }) else {
            throw .restoreToolMissing(version: binary.version, searched: candidates)
        }
        path = found
    }
}
