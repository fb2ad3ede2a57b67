import Etcd
import Glibc
import Model
import Threads

extension ChangeLog {
    /// Takes the plain database file of a backup forward to a point in time, in its place.
    ///
    /// The file at `path` is replaced when the new one is whole; until then it stays as it is.
    ///
    /// - Parameters:
    ///   - point: which state is wanted.
    ///   - path: the plain database file of a backup of this life of the cluster.
    ///   - etcdVersion: the version of the member it came from, which decides how its HashKV is computed.
    ///   - bump: how many revisions later the new database counts on, with everything before compacted.
    ///   - known: how far whoever keeps the log knows that nothing happened behind its end.
    ///   - progress: told how much of the log is replayed, from 0 to 1.
    /// - Returns: the figures of the new file.
    /// - Throws: `ArchiveError`, with the code `incomplete` if the log does not lead there and `contradiction` if a
    ///   segment is damaged.
    public func replay(
        _ point: PointInTime, onto path: String, etcdVersion: String, bumpedBy bump: Int64 = 0,
        knownThrough known: ChangeLogRecorder.Progress? = nil,
        progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) async throws -> SnapshotFigures {
        try await BlockingTask.run {
            let new = path + ".replayed"
            // What a killed predecessor left is of no use to anybody.
            unlink(new)
            var isDone = false
            defer { if !isDone { unlink(new) } }
            do {
                let snapshot = try DatabaseFile(path: path)
                _ = try await rebuild(
                    point, from: snapshot, to: new, bumpedBy: bump, knownThrough: known, progress: progress)
                let figures = try SnapshotFigures(of: new, etcdVersion: etcdVersion)
                guard rename(new, path) == 0 else {
                    throw ArchiveError.system("giving the replayed database its name", path, errno: errno)
                }
                isDone = true
                return figures
            } catch let error as DatabaseError {
                if error.code == .cancelled { throw CancellationError() }
                throw ArchiveError(error, "the replay of the change log of \(cluster)")
            }
        }
    }
}
