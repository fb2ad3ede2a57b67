import Glibc

/// How much room a file system has.
public struct FileSystemSpace: Sendable, Equatable {
    /// Bytes that are free for us.
    public var available: Int
    /// Bytes in all.
    public var total: Int

    /// The room of the file system that holds `path` or the nearest parent that exists.
    public static func at(_ path: String) throws(NodeError) -> FileSystemSpace {
        var figures = statvfs()
        var place = path
        while statvfs(place, &figures) != 0 {
            guard errno == ENOENT, place != "/" else { throw SystemCall.failure("statvfs", place) }
            place = LocalFiles.parent(place)
        }
        let block = Int(figures.f_frsize)
        return FileSystemSpace(available: Int(figures.f_bavail) * block, total: Int(figures.f_blocks) * block)
    }

    /// What the first start of a member needs: etcd preallocates two write-ahead log segments of 64 MB (seen: 123 MB).
    static let firstStart = memberOverhead

    /// What a member needs besides its database, in bytes.
    public static let memberOverhead = 130 << 20
}
